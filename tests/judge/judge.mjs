// A member at a client of another make: matrix-js-sdk with its Rust crypto, as Element Web uses it.
//
// Reads one JSON object a line and answers each with one: login, say, await, device.
// What it is told to await comes decrypted, with the shield that Element would show beside it.
import { createInterface } from "node:readline";
import * as sdk from "matrix-js-sdk";
import { logger } from "matrix-js-sdk/lib/logger.js";
import {
    AllDevicesIsolationMode,
    EventShieldColour,
    OnlySignedDevicesIsolationMode,
} from "matrix-js-sdk/lib/crypto-api/index.js";

// The engine asks for Node 22; this is all that 20 lacks of it.
Promise.withResolvers ??= function () {
    const made = {};
    made.promise = new this((resolve, reject) => Object.assign(made, { resolve, reject }));
    return made;
};

logger.disableAll?.();
for (const name of ["log", "info", "warn", "debug", "error"]) {
    console[name] = () => {}; // stdout is for answers; the Rust crypto's chatter is for nobody
}

const SECONDS = 20_000;
let client;

const until = async (found) => {
    const end = Date.now() + SECONDS;
    for (;;) {
        const value = await found();
        if (value) return value;
        if (Date.now() > end) throw new Error("waited in vain");
        await new Promise((wake) => setTimeout(wake, 50));
    }
};

const commands = {
    async login({ url, user, password, only_signed }) {
        const guest = sdk.createClient({ baseUrl: url });
        const login = await guest.loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user },
            password,
        });
        client = sdk.createClient({
            baseUrl: url,
            userId: login.user_id,
            deviceId: login.device_id,
            accessToken: login.access_token,
        });
        await client.initRustCrypto({ useIndexedDB: false });
        client.getCrypto().setDeviceIsolationMode(
            only_signed ? new OnlySignedDevicesIsolationMode() : new AllDevicesIsolationMode(false),
        );
        await client.startClient({ initialSyncLimit: 20 });
        await until(() => client.isInitialSyncComplete());
        await client.getCrypto().bootstrapCrossSigning({
            authUploadDeviceSigningKeys: (request) => request(null), // the first time unasked
        });
        return { device: login.device_id };
    },

    async say({ room, body }) {
        await until(() => client.getRoom(room)?.getMyMembership() === "join");
        const answer = await client.sendMessage(room, { msgtype: "m.text", body });
        return { event_id: answer.event_id };
    },

    // The first message of `sender` in answer to `to`, once it is decrypted or has failed for good.
    async await({ room, sender, to }) {
        const crypto = client.getCrypto();
        const event = await until(() => {
            const seen = client.getRoom(room)?.getUnfilteredTimelineSet().getLiveTimeline();
            const threads = client.getRoom(room)?.getThreads() ?? [];
            const all = [...(seen?.getEvents() ?? []), ...threads.flatMap((one) => one.events)];
            return all.find(
                (one) =>
                    one.getSender() === sender &&
                    !one.isBeingDecrypted() &&
                    one.getType() === "m.room.message" &&
                    JSON.stringify(one.getWireContent()["m.relates_to"] ?? {}).includes(to),
            );
        });
        const info = await crypto.getEncryptionInfoForEvent(event);
        return {
            body: event.getContent().body,
            encrypted: event.isEncrypted(),
            readable: !event.isDecryptionFailure(),
            shield: info === null ? "none to show" : EventShieldColour[info.shieldColour],
            reason: info?.shieldReason ?? null,
        };
    },

    async device({ user, device }) {
        const crypto = client.getCrypto();
        await crypto.getUserDeviceInfo([user], true);
        const known = await until(() => crypto.getDeviceVerificationStatus(user, device));
        return { signed_by_owner: known.signedByOwner };
    },
};

for await (const line of createInterface({ input: process.stdin })) {
    const { command, ...given } = JSON.parse(line);
    let answer;
    try {
        answer = await commands[command](given);
    } catch (error) {
        answer = { error: String(error?.message ?? error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
}
client?.stopClient();
process.exit(0);
