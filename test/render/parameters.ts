import { execFileSync } from "node:child_process"
import fc from "fast-check"
import { isJsonObject, type Json, type JsonObject } from "../../src/core/json.ts"
import { refusalOf } from "../../src/render/manifest/json-schema.ts"
import { FlowReader } from "../../src/python/flow-reader.ts"
import { anyProgram } from "../python/grammar/program.ts"

const seed = 20_261_130

/** What the server of that version and Lockstep make of generated values for the parameters of generated flows. */
export function compare(version: string, size: { readonly programs: number; readonly values: number }) {
  const cases = schemasOf(size.programs).map((schema, i) => ({
    schema,
    values: fc.sample(valuesFor(schema), { seed: seed + i, numRuns: size.values }),
  }))
  const answers = judge(version, cases)
  const rows = cases.flatMap(({ schema, values }, i) =>
    values.map((value, j) => {
      const [created, updated] = answers[i]?.[j] ?? [null, null]
      return { schema, value, refusal: refusalOf(value, schema), refused: created !== null && updated !== null }
    }),
  )
  return {
    wrong: rows.filter(({ refusal, refused }) => refusal !== null && !refused),
    server: rows.filter(({ refused }) => refused).length,
    ours: rows.filter(({ refusal }) => refusal !== null).length,
  }
}

function schemasOf(programs: number): readonly JsonObject[] {
  const reader = new FlowReader()
  return fc.sample(anyProgram, { seed, numRuns: programs }).flatMap(({ files, path, object }) => {
    const reading = reader.read(path, object, (name) => {
      const text = files[name]
      return text === undefined ? { kind: "missing" } : { kind: "text", text }
    })
    return reading.kind === "facts" && reading.facts.schema.decided ? [reading.facts.schema.value] : []
  })
}

/** One value of each kind, and those that the schema itself speaks of. */
function valuesFor(schema: JsonObject): fc.Arbitrary<JsonObject> {
  const names = Object.keys(isJsonObject(schema["properties"]) ? schema["properties"] : {})
  const spoken = textsOf(schema)
  const scalar = fc.oneof(fc.constantFrom<Json>(null, true, false, 0, 1, -3, 2.5, 1e9, "", "a", "1", ...spoken))
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      { weight: 4, arbitrary: scalar },
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "required", ...spoken.map(String)), tie("value"), { maxKeys: 3 }),
    ),
  }))
  if (names.length === 0) return fc.constant({})
  return fc.tuple(fc.constantFrom(...names), value).map(([name, given]) => ({ [name]: given }))
}

function textsOf(value: Json): readonly string[] {
  if (typeof value === "string") return [value]
  if (Array.isArray(value)) return value.flatMap((item: Json) => textsOf(item))
  if (!isJsonObject(value)) return []
  return [...Object.keys(value), ...Object.values(value).flatMap((member) => textsOf(member))]
}

type Answer = readonly (readonly (readonly [string | null, string | null])[])[]

function judge(version: string, cases: Json): Answer {
  const input = JSON.stringify(cases)
  const python = `.cache/prefect-${version}/bin/python`
  const env = { ...process.env, PREFECT_LOGGING_LEVEL: "CRITICAL" }
  return JSON.parse(
    execFileSync(python, ["test/render/parameters.py"], { input, env, encoding: "utf8", maxBuffer: 2 ** 28 }),
  ) as Answer
}
