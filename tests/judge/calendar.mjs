// Calendar files as Thunderbird and Nextcloud read them, with ical.js: a JSON list of texts on
// standard input, what was understood of each as a JSON list on standard output.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const understood = (text) => {
    const calendar = new ICAL.Component(ICAL.parse(text));
    const found = calendar.getAllSubcomponents("vevent");
    if (found.length !== 1) throw new Error(`${found.length} events`);
    const event = new ICAL.Event(found[0]);
    const moment = (time) => (time.isDate ? time.toString() : time.toJSDate().toISOString());
    return {
        uid: event.uid,
        sequence: event.sequence,
        method: calendar.getFirstPropertyValue("method"),
        status: found[0].getFirstPropertyValue("status"),
        summary: event.summary,
        description: event.description,
        location: event.location,
        start: moment(event.startDate),
        end: moment(event.endDate),
    };
};

const texts = JSON.parse(readFileSync(0, "utf-8"));
process.stdout.write(JSON.stringify(texts.map(understood)));
