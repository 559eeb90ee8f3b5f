import { readFile } from "node:fs/promises"
import t from "tap"
import { parse } from "yaml"
import { configJsonSchema, knownKeys, type JsonSchema } from "../../src/config/json-schema.ts"
import { loadConfig } from "../../src/config/load.ts"

const example = new URL("../../config/lockstep.example.yaml", import.meta.url)
const committed = new URL("../../config/lockstep.schema.json", import.meta.url)

/** Every path of fixed keys in the schema, lists left out: `sources.prune.max`. */
function schemaPaths(node: JsonSchema, path: string[] = []): string[] {
  const inner = typeof node.items === "object" && !Array.isArray(node.items) ? node.items : node
  return Object.entries(inner.properties ?? {}).flatMap(([key, below]) =>
    typeof below === "object" ? [[...path, key].join("."), ...schemaPaths(below, [...path, key])] : [],
  )
}

function valuePaths(value: unknown, path: string[] = []): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => valuePaths(item, path))
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, below]) => {
    const here = [...path, key]
    return [here.join("."), ...valuePaths(below, here)]
  })
}

// Made anew with: node -e 'import("./src/config/json-schema.ts").then((m) =>
//   console.log(JSON.stringify(m.configJsonSchema(), null, 2)))' > config/lockstep.schema.json && npx oxfmt config
await t.test("the committed JSON Schema is the one that the code makes", async (t) => {
  const made = JSON.parse(JSON.stringify(configJsonSchema())) as unknown
  t.strictSame(JSON.parse(await readFile(committed, "utf8")), made)
})

await t.test("the example is a valid config", async (t) => {
  const config = await loadConfig(example.pathname, {})
  t.strictSame(
    config.sources.map(({ name }) => name),
    ["analytics", "old-reports"],
  )
})

await t.test("the example shows every option that there is", async (t) => {
  const shown = new Set(valuePaths(parse(await readFile(example, "utf8"))))
  const alternatives = /\.(?:env|file|tag|commit|name|password)$/
  const missing = schemaPaths(configJsonSchema()).filter((path) => !shown.has(path) && !alternatives.test(path))
  // Whatever a source takes may stand under `defaults`; the example shows it in the source.
  t.strictSame(
    missing.filter((path) => !path.startsWith("defaults.")),
    [],
  )
})

await t.test("the example shows the defaults as they are", async (t) => {
  const lines = (await readFile(example, "utf8")).split("\n")
  const descriptions = JSON.stringify(configJsonSchema())
  const documented = lines.flatMap((line) => / default: ([^\s;]+)/.exec(line)?.[1] ?? [])
  for (const value of documented) t.match(descriptions, value, value)
})

await t.test("the keys of a map are found by its path, through lists and alternatives", async (t) => {
  const schema = configJsonSchema()
  t.strictSame(knownKeys(schema, ["sources", 0, "receiver"]), ["provider", "secret"])
  t.strictSame(knownKeys(schema, ["sources", 3, "env", "ANY"]), ["env", "file"])
  t.strictSame(knownKeys(schema, ["installation"]), null)
})
