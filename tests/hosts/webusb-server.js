// SPDX-License-Identifier: MIT
// Serves the page to a headless Chromium, and writes down what it tells: lines to stdout, what it
// has uploaded to FOLDER. Exit status 1 when there is no end.
//   node webusb-server.js BASE APP FOLDER
"use strict";
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

const [base, app, folder] = process.argv.slice(2);
const PORT = 8123; // as in webusb.json; the network is the session's own
const LIMIT_MS = 120000; // for a browser that does not come up

const pages = {
  "/": ["text/html", path.join(__dirname, "webusb.html")],
  "/webusb-page.js": ["text/javascript", path.join(__dirname, "webusb-page.js")],
  "/app.bin": ["application/octet-stream", app],
};
const posted = {
  "/told": (body) => console.log(body.toString()),
  "/uploaded": (body) => fs.writeFileSync(path.join(folder, "uploaded"), body),
  "/end": () => end(0),
};
let browser;

function end(status) {
  browser.once("exit", () => process.exit(status));
  browser.kill();
}

function answer(request, response) {
  const name = new URL(request.url, "http://localhost").pathname;
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const page = request.method === "GET" && pages[name];
    if (page) response.setHeader("Content-Type", page[0]);
    else if (!posted[name]) response.statusCode = 404;
    response.end(page ? fs.readFileSync(page[1]) : "");
    if (request.method === "POST" && posted[name]) posted[name](Buffer.concat(chunks));
  });
}

http.createServer(answer).listen(PORT, "localhost", () => {
  // Its own sandbox needs namespaces that a session or a container may not give.
  const options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
    `--user-data-dir=${folder}/profile`, `http://localhost:${PORT}/?base=${base}`];
  browser = spawn("chromium", options, { stdio: ["ignore", "inherit", "inherit"] });
  browser.once("error", (error) => { console.log(`error: ${error}`); process.exit(1); });
  setTimeout(() => end(1), LIMIT_MS).unref();
});
