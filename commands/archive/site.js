"use strict";
(() => {
  const MOST = 50, AROUND = 70;
  const LETTERS = { "ß": "ss", "ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ς": "σ" };
  const fold = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "")
    .replace(/[ßłøđıæœς]/g, (letter) => LETTERS[letter]);
  const folded = window.ARCHIVE.map((row) => fold(`${row[1]} ${row[3]}`));
  const form = document.getElementById("search"), field = document.getElementById("q");
  const count = document.getElementById("count"), list = document.getElementById("found");

  // Where the folded word begins in what was written: folding changes lengths.
  const place = (text, word) => {
    for (let at = 0; at < text.length; at += 1) {
      if (fold(text.slice(at, at + word.length + 8)).startsWith(word)) return at;
    }
    return -1;
  };
  const stretch = (text, word) => {
    const at = place(text, word);
    if (at < 0) return null; // it stands in the author's name
    let end = at + 1;
    while (end < text.length && fold(text.slice(at, end)).length < word.length) end += 1;
    return [at, end];
  };
  const snippet = (text, words) => {
    const hits = words.map((word) => stretch(text, word)).filter(Boolean);
    hits.sort((one, other) => one[0] - other[0]);
    const [at, end] = hits[0] ?? [0, AROUND];
    const start = Math.max(0, at - AROUND), stop = Math.min(text.length, end + AROUND);
    const line = document.createElement("p");
    line.dir = "auto"; // Arabic begins on the right
    line.append(start > 0 ? "…" : "");
    let told = start;
    hits.filter((one) => one[1] <= stop).forEach(([from, to]) => {
      if (from < told) return;
      const hit = document.createElement("mark");
      hit.textContent = text.slice(from, to);
      line.append(text.slice(told, from), hit);
      told = to;
    });
    line.append(text.slice(told, stop), stop < text.length ? "…" : "");
    return line;
  };
  const show = (query) => {
    const wanted = fold(query).split(/\s+/).filter(Boolean);
    list.replaceChildren();
    if (!wanted.length) { count.textContent = ""; return; }
    let number = 0;
    folded.forEach((text, index) => {
      if (!wanted.every((word) => text.includes(word))) return;
      number += 1;
      if (number > MOST) return;
      const [url, who, when, said] = window.ARCHIVE[index];
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = url;
      link.textContent = when ? `${who}, ${when}` : who;
      item.append(link, snippet(said, wanted));
      list.append(item);
    });
    const told = count.dataset;
    count.textContent = number === 0 ? told.none : number === 1 ? told.one
      : (number > MOST ? told.most : told.many).replace("%d", number);
  };
  form.addEventListener("submit", (event) => { event.preventDefault(); show(field.value); });
  field.addEventListener("input", () => show(field.value));
  field.value = decodeURIComponent(location.hash.slice(1));
  if (field.value) show(field.value);
})();
