// A small foreign OPC UA server for the tests: a pump whose three signals are Good, Uncertain and Bad, and an oven
// whose set-point can be written and whose controller confirms it elsewhere, or only says that it would.
//
//   node server.js --port 4841 --pki FOLDER [--accept-any] [--mode obey]
//
// Says on standard output, one JSON object a line: {"ready": url, "certificate": file}, and {"write": {name, value}} for
// every write that it receives. Listens on standard input, one JSON object a line:
//   {"set": NAME, "value": ..., "status": "Good"}   a variable takes a value and a status now
//   {"mode": MODE}    obey: the controller follows the set-point     lie: takes the write, the controller never follows
//                     deaf: acknowledges and keeps the old set-point refuse: answers BadNotWritable
//                     late: does it and never answers                mute: never answers, and then cannot be read
//   {"trust": FILE}   a client's certificate (DER or PEM) is trusted from now on
// Takes anonymous sessions, and the user `andon` with the password `a:secret`. Ends when standard input closes.
"use strict";

const { X509Certificate } = require("node:crypto");
const fs = require("node:fs");
const readline = require("node:readline");
const path = require("node:path");
const {
  DataType,
  DataValue,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAServer,
  SecurityPolicy,
  StatusCodes,
  Variant,
  standardUnits,
} = require("node-opcua");

const FOLLOW_MS = 300;
const BEAT_MS = 200;
const MODES = ["obey", "lie", "deaf", "refuse", "late", "mute"];

function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}

const settings = {
  port: Number(option("port", "4841")),
  pki: path.resolve(option("pki", "pki")),
  acceptAny: process.argv.includes("--accept-any"),
  mode: option("mode", "obey"),
};

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const variables = new Map();

function tell(name, value, status = StatusCodes.Good) {
  const { node, dataType } = variables.get(name);
  node.setValueFromSource(new Variant({ dataType, value }), status, new Date());
}

function addVariable(namespace, parent, name, dataType, value, more = {}) {
  const described = {
    componentOf: parent,
    browseName: name,
    nodeId: `s=${name}`,
    dataType,
    accessLevel: "CurrentRead",
    userAccessLevel: "CurrentRead",
    minimumSamplingInterval: 50,
    ...more,
  };
  const node = more.engineeringUnits ? namespace.addAnalogDataItem(described) : namespace.addVariable(described);
  variables.set(name, { node, dataType });
  if (!more.value) tell(name, value);
  return node;
}

let held;

function hold(value, statusCode = StatusCodes.Good) {
  held = new DataValue({ value: { dataType: DataType.Double, value }, statusCode, sourceTimestamp: new Date() });
}

function addOven(namespace, parent) {
  hold(180);
  addVariable(namespace, parent, "oven.setpoint_active", DataType.Double, 180);
  addVariable(namespace, parent, "oven.remote", DataType.Boolean, true);
  addVariable(namespace, parent, "oven.setpoint", DataType.Double, 180, {
    accessLevel: "CurrentRead | CurrentWrite",
    userAccessLevel: "CurrentRead | CurrentWrite",
    value: {
      timestamped_get: () => held,
      timestamped_set: (written, answer) => {
        const value = written.value.value;
        say({ write: { name: "oven.setpoint", value, mode: settings.mode } });
        if (settings.mode === "refuse") return answer(null, StatusCodes.BadNotWritable);
        if (settings.mode === "mute") return hold(held.value.value, StatusCodes.BadNoCommunication);
        if (settings.mode !== "deaf") hold(value);
        if (settings.mode === "late") return tell("oven.setpoint_active", value);
        if (settings.mode === "obey") setTimeout(() => tell("oven.setpoint_active", value), FOLLOW_MS);
        return answer(null, StatusCodes.Good);
      },
    },
  });
}

function build(addressSpace) {
  const namespace = addressSpace.getOwnNamespace();
  const parent = namespace.addObject({ organizedBy: addressSpace.rootFolder.objects, browseName: "Peer" });
  addVariable(namespace, parent, "pump.pressure", DataType.Double, 2.5, {
    engineeringUnits: standardUnits.bar,
    engineeringUnitsRange: { low: 0, high: 10 },
  });
  addVariable(namespace, parent, "pump.flow", DataType.Double, 7.5);
  addVariable(namespace, parent, "pump.level", DataType.Double, 0);
  addVariable(namespace, parent, "pump.state", DataType.String, "running");
  tell("pump.flow", 7.5, StatusCodes.UncertainSensorNotAccurate);
  tell("pump.level", 0, StatusCodes.BadSensorFailure);
  addOven(namespace, parent);
  let beats = 0;
  setInterval(() => {
    beats += 1;
    tell("pump.pressure", 2.5 + 0.1 * Math.sin(beats / 7));
  }, BEAT_MS);
}

async function obey(line, certificates) {
  if (!line.trim()) return;
  const order = JSON.parse(line);
  if (order.trust) await certificates.trustCertificate(new X509Certificate(fs.readFileSync(order.trust)).raw);
  const status = StatusCodes[order.status || "Good"];
  if (order.set === "oven.setpoint") hold(order.value, status);
  else if (order.set) tell(order.set, order.value, status);
  if (MODES.includes(order.mode)) settings.mode = order.mode;
  say({ done: order });
}

async function main() {
  const certificates = new OPCUACertificateManager({
    rootFolder: settings.pki,
    automaticallyAcceptUnknownCertificate: settings.acceptAny,
  });
  await certificates.initialize();
  const server = new OPCUAServer({
    port: settings.port,
    host: "127.0.0.1",
    resourcePath: "/peer",
    buildInfo: { productName: "Andon test peer" },
    serverInfo: { applicationUri: "urn:andon:test:peer" },
    securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
    securityModes: [MessageSecurityMode.None, MessageSecurityMode.SignAndEncrypt],
    serverCertificateManager: certificates,
    allowAnonymous: true,
    userManager: { isValidUser: (user, password) => user === "andon" && password === "a:secret" },
  });
  await server.initialize();
  build(server.engine.addressSpace);
  await server.start();
  const input = readline.createInterface({ input: process.stdin });
  input.on("line", (line) => obey(line, certificates).catch((error) => say({ failed: String(error) })));
  input.on("close", () => process.exit(0));
  say({ ready: `opc.tcp://127.0.0.1:${settings.port}/peer`, certificate: server.certificateFile });
}

main().catch((error) => {
  say({ failed: String(error) });
  process.exit(1);
});
