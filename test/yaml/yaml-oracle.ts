import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { jsonEqual, type Json } from "../../src/core/json.ts"
import { parseJson } from "../../src/prefect/json-text.ts"
import { parseYaml, toJson } from "../../src/yaml/dialect.ts"

/** What `prefect deploy` reads of a text (`read_yaml.py`); "exotic": a value that JSON has no form for. */
export type Reading = { readonly value: Json } | { readonly refused: string } | { readonly exotic: string }

const python = ".cache/prefect-3.8.8/bin/python"

/** All texts in one process. */
export function readAsPrefect(texts: readonly string[]): readonly Reading[] {
  if (!existsSync(".cache/prefect-3.8.8/template.db"))
    execFileSync("bash", ["test/support/prefect/install.sh", "3.8.8"])
  const input = JSON.stringify(texts)
  const output = execFileSync(python, ["test/yaml/read_yaml.py"], { input, encoding: "utf8", maxBuffer: 1e9 })
  return parseJson(output) as unknown as readonly Reading[]
}

/** What PyYAML reads and we refuse on purpose, also where a later equal key would take its place. */
const onPurpose = [
  // Characters that no editor shows, and halves of a surrogate pair.
  /^the character U\+(?:0085|2028|2029|FEFF) /,
  /is no character$/,
  // What no JSON can carry: sets, pairs, bytes, infinite keys, loops.
  /^the tag !!(?:set|omap|pairs) doesn't go/,
  /^!!binary "/,
  /^a key must be a text, a finite number/,
  /inside of itself$/,
  /^%TAG /,
  /^it (?:is nested|has) more than /,
]

/** How our reading of a text is wrong; null = the same value, refused by both, or refused on purpose. */
export function mistake(text: string, theirs: Reading): string | null {
  const { root, findings } = parseYaml(text)
  if (!root) {
    const refusal = findings.find(({ severity }) => severity === "error")
    if (!refusal) return "refused without a word"
    return "value" in theirs && !onPurpose.some((form) => form.test(refusal.message))
      ? `refused: ${refusal.message}`
      : null
  }
  const value = toJson(root)
  if (!("value" in theirs)) return `read as ${show(value)}, but ${JSON.stringify(theirs)}`
  return jsonEqual(value, theirs.value) ? null : `read as ${show(value)}, not ${show(theirs.value)}`
}

function show(value: Json): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? `${part}n` : part))
}
