// Pages as a reader without a mouse has them, in Chromium: what axe-core finds wrong, what they ask
// of the network, and where the keyboard alone leads.
//
// Reads {browser, folder, pages, query, pictures} as JSON on standard input; answers with
// {faults: {page: [rule…]}, asked: [address…], steps: {...}} on standard output.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const wanted = JSON.parse(readFileSync(0, "utf-8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");
const address = (page) => pathToFileURL(`${wanted.folder}/${page}`).href;

const browser = await chromium.launch({
    executablePath: wanted.browser,
    args: ["--no-sandbox", "--disable-gpu"],
});
// axe-core comes in from outside, which the pages' own policy forbids: it is set aside for axe alone.
const judged = await browser.newContext({ bypassCSP: true });
const faults = {};
for (const page of wanted.pages) {
    const tab = await judged.newPage();
    await tab.goto(address(page));
    await tab.evaluate(axe);
    const { violations } = await tab.evaluate(() => window.axe.run());
    faults[page] = violations.map((found) => `${found.impact}: ${found.id} ${found.nodes[0].html}`);
    if (wanted.pictures) {
        await tab.screenshot({ path: `${wanted.pictures}/${page}.png`, fullPage: true });
    }
    await tab.close();
}

const reader = await browser.newContext();
const asked = [];
const tab = await reader.newPage();
const broken = [];
tab.on("request", (request) => asked.push(request.url()));
tab.on("pageerror", (error) => broken.push(String(error)));
tab.on("console", (line) => line.type() === "error" && broken.push(line.text()));
const focus = () => tab.evaluate(() => {
    const at = document.activeElement;
    return `${at.tagName} ${at.id || at.textContent.trim()}`;
});
const steps = { met: [] };
await tab.goto(address("search.html"));
for (let count = 0; count < 20; count += 1) {
    await tab.keyboard.press("Tab");
    steps.met.push(await focus());
    if (steps.met.at(-1) === "INPUT q") break;
}
await tab.keyboard.type(wanted.query);
await tab.keyboard.press("Enter");
steps.told = await tab.textContent("#count");
steps.live = await tab.getAttribute("#count", "role");
steps.marked = await tab.locator("#found mark").allTextContents();
if (wanted.pictures) await tab.screenshot({ path: `${wanted.pictures}/found.png` });
for (let count = 0; count < 5; count += 1) {
    await tab.keyboard.press("Tab");
    if (await tab.evaluate(() => document.activeElement.closest("#found") !== null)) break;
}
await tab.keyboard.press("Enter");
await tab.waitForURL((url) => !url.pathname.endsWith("search.html"), { timeout: 5_000 });
steps.landed = await tab.locator(":target").textContent();
await browser.close();
process.stdout.write(JSON.stringify({ faults, asked, broken, steps }));
