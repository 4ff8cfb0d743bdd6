// A marketplace of VS Code, a server of gems and a registry of charts in one, on loopback. It says yes to everything, and
// writes the bodies of uploads into the folder that it is given: `00.POST`, `01.PUT` ... Its first line is its port.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];
let uploads = 0;

// What the marketplace says of itself before anything else is asked.
const place = (id, resourceName, routeTemplate) => ({
    id, area: "gallery", resourceName, routeTemplate, resourceVersion: 2,
    minVersion: "1.0", maxVersion: "7.2", releasedVersion: "0.0",
});
const places = [
    place("a41192c8-9525-4b58-bc86-179fa549d80d", "extensions", "_apis/{area}/{resource}/{id}"),
    place("e11ea35a-16fe-4b80-ab11-c4cab88a0966", "extensions", "_apis/{area}/publishers/{publisherName}/{resource}/{extensionName}"),
];

const server = createServer((request, response) => {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    request.on("end", () => {
        const body = Buffer.concat(pieces);
        const { method, url } = request;
        const answer = (code, headers, text) => response.writeHead(code, headers).end(text);
        const json = { "content-type": "application/json" };
        if (method === "OPTIONS") {
            return answer(200, json, JSON.stringify({ count: places.length, value: places }));
        }
        if (body.length > 0) {
            writeFileSync(join(folder, `${String(uploads++).padStart(2, "0")}.${method}`), body);
        }
        if (method === "GET" || method === "HEAD") {
            return answer(404, json, "");
        }
        if (!url.startsWith("/v2/")) {
            return answer(200, json, "{}");
        }
        // An OCI registry: an upload is opened, and filled at the address that is answered.
        const { pathname, searchParams } = new URL(url, "http://127.0.0.1");
        const digest = searchParams.get("digest") ?? `sha256:${createHash("sha256").update(body).digest("hex")}`;
        return method === "POST"
            ? answer(202, { location: `${pathname.replace(/\/+$/, "")}/1` }, "")
            : answer(201, { location: pathname, "docker-content-digest": digest }, "");
    });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
