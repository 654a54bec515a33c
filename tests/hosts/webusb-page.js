// SPDX-License-Identifier: MIT
// In the browser: reads all that describes the device, uploads 1 KB from ?base=, downloads app.bin
// to there, leaves, and waits for the application.
"use strict";

const GET_DESCRIPTOR = 6;
const CONFIGURATION = 2, STRING = 3, INTERFACE = 4, BOS = 15;
const VENDOR_CODE_OF_WEBUSB = 22; // offset in its capability; the UUID starts at 4
const WEBUSB_UUID = "38b60834a909a0478bfda0768815b665";
const DNLOAD = 1, UPLOAD = 2, GETSTATUS = 3, ABORT = 6;
const DFU_DNBUSY = 4, DFU_DNLOAD_IDLE = 5, DFU_MANIFEST = 7;
const SET_ADDRESS = 0x21, ERASE = 0x41, FIRST_BLOCK = 2;
const TRANSFER_SIZE = 2048, SECTOR = 1024;

const tell = (line) => fetch("/told", { method: "POST", body: line });
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");

function expect(what, there, wanted) {
  if (there !== wanted) throw new Error(`${what}: ${there}, not ${wanted}`);
}

// ---- Requests

async function read(device, setup, length) {
  const answer = await device.controlTransferIn(setup, length);
  expect(`request ${setup.request}`, answer.status, "ok");
  return new Uint8Array(answer.data.buffer, answer.data.byteOffset, answer.data.byteLength);
}

function descriptor(device, type, index, language, length) {
  const value = (type << 8) | index;
  const setup = { requestType: "standard", recipient: "device", request: GET_DESCRIPTOR };
  return read(device, { ...setup, value, index: language }, length);
}

function vendor(device, request, value, index) {
  return read(device, { requestType: "vendor", recipient: "device", request, value, index }, 255);
}

const dfu = (request, value) =>
  ({ requestType: "class", recipient: "interface", request, value, index: 0 });

// ---- Descriptors

function* split(bytes) {
  for (let at = 0; at < bytes.length; at += bytes[at]) yield bytes.subarray(at, at + bytes[at]);
}

async function tellAlternates(device) {
  for (const d of split(await descriptor(device, CONFIGURATION, 0, 0, 255))) {
    if (d[1] !== INTERFACE) continue;
    const text = await descriptor(device, STRING, d[8], 0x0409, 255);
    await tell(`alternate ${d[3]}: ${new TextDecoder("utf-16le").decode(text.subarray(2))}`);
  }
}

async function tellLandingPage(device) {
  const bos = await descriptor(device, BOS, 0, 0, 255);
  for (const capability of split(bos)) {
    if (hex(capability.subarray(4, 20)) !== WEBUSB_UUID) continue;
    const url = await vendor(device, capability[VENDOR_CODE_OF_WEBUSB], 1, 2);
    await tell(`landing page: ${url[2]} ${new TextDecoder().decode(url.subarray(3, url[0]))}`);
  }
}

// ---- DfuSe

async function status(device) {
  const s = await read(device, dfu(GETSTATUS, 0), 6);
  await sleep(s[1] | (s[2] << 8) | (s[3] << 16));
  return s[4];
}

async function download(device, block, bytes) {
  const sent = await device.controlTransferOut(dfu(DNLOAD, block), bytes);
  expect(`DNLOAD ${block}`, sent.status, "ok");
  let state = await status(device);
  while (state === DFU_DNBUSY) state = await status(device);
  expect("state after DNLOAD", state, bytes.length ? DFU_DNLOAD_IDLE : DFU_MANIFEST);
}

function command(device, code, address) {
  const bytes = new Uint8Array(5);
  bytes[0] = code;
  new DataView(bytes.buffer).setUint32(1, address, true);
  return download(device, 0, bytes);
}

const abort = (device) => device.controlTransferOut(dfu(ABORT, 0));

async function upload(device, base) {
  await abort(device); // whatever the last host left
  await command(device, SET_ADDRESS, base);
  await abort(device);
  const bytes = await read(device, dfu(UPLOAD, FIRST_BLOCK), 1024);
  await abort(device);
  await fetch("/uploaded", { method: "POST", body: bytes });
}

async function update(device, base) {
  const image = new Uint8Array(await (await fetch("app.bin")).arrayBuffer());
  for (let at = base; at < base + image.length; at += SECTOR) await command(device, ERASE, at);
  await command(device, SET_ADDRESS, base);
  for (let at = 0; at < image.length; at += TRANSFER_SIZE) {
    const block = FIRST_BLOCK + at / TRANSFER_SIZE;
    await download(device, block, image.subarray(at, at + TRANSFER_SIZE));
  }
  await download(device, 0, new Uint8Array(0));
}

// ---- The visit

async function visit() {
  const base = Number(new URLSearchParams(location.search).get("base"));
  const next = new Promise((plugged) => {
    navigator.usb.addEventListener("connect", (event) => plugged(event.device));
  });
  const [device] = await navigator.usb.getDevices();
  await tell(`product: ${device.productName}`);
  await tell(`serial: ${device.serialNumber}`);
  await device.open();
  await device.selectConfiguration(1);
  await device.claimInterface(0);
  await device.selectAlternateInterface(0, 0);
  await tellAlternates(device);
  await tellLandingPage(device);
  await upload(device, base);
  await update(device, base);
  await tell(`then: ${(await next).productName}`);
}

visit()
  .catch((error) => tell(`error: ${error}`))
  .finally(() => fetch("/end", { method: "POST" }));
