import t from "tap"
import type { Json, JsonObject } from "../../src/core/json.ts"
import { desiredOf, one, type Settings } from "./desired.ts"
import { compare } from "./parameters.ts"

const flow = `from enum import Enum
from typing import Annotated, Literal, Optional
from pydantic import BaseModel, Field
from prefect import flow

class Region(Enum):
    EU = "eu"
    US = "us"

class Table(BaseModel):
    name: str
    rows: int = Field(default=10, ge=1, le=100)

@flow
def my_flow(
    limit: int,
    region: Region = Region.EU,
    mode: Literal["fast", "slow"] = "fast",
    table: Table = Table(name="t"),
    tables: list[Table] = [],
    ratio: float = 0.5,
    dry: bool = False,
    note: Optional[str] = None,
    pair: tuple[int, str] = (1, "a"),
    size: Annotated[int, Field(gt=0)] = 1,
):
    pass
`

function said(entry: JsonObject, text = flow, settings: Settings = {}): readonly string[] {
  const whole = { name: "d", entrypoint: "flow.py:my_flow", work_pool: { name: "p" }, ...entry }
  const files = { "prefect.yaml": JSON.stringify({ deployments: [whole] }), "flow.py": text }
  return desiredOf(files, settings).problems.map(({ severity, code, message }) => `${severity} ${code}: ${message}`)
}

const refused: readonly (readonly [JsonObject, string])[] = [
  [{ limit: "many" }, "parameter `limit` must be a whole number, not the text many"],
  [{ limit: "5" }, "parameter `limit` must be a whole number, not the text 5"],
  [{ limit: 1.5 }, "parameter `limit` must be a whole number, not the number 1.5"],
  [{ limit: null }, "parameter `limit` must be a whole number, not empty: take the key out"],
  [{ limit: true }, "parameter `limit` must be a whole number, not the truth value true"],
  [{ region: "asia" }, 'parameter `region` must be one of "eu", "us", not the text asia'],
  [{ mode: "medium" }, 'parameter `mode` must be one of "fast", "slow", not the text medium'],
  [{ ratio: "half" }, "parameter `ratio` must be a number, not the text half"],
  [{ dry: "perhaps" }, "parameter `dry` must be true or false, not the text perhaps"],
  [{ note: 5 }, "parameter `note` must be a text or empty, not the number 5"],
  [{ table: { name: "x", rows: 0 } }, "parameter `table` (at rows) must be at least 1, not the number 0"],
  [{ table: { name: "x", rows: "all" } }, "parameter `table` (at rows) must be a whole number, not the text all"],
  [{ table: "x" }, "parameter `table` must be a mapping, not the text x"],
  [{ tables: [{ name: "x" }, { name: 5 }] }, "parameter `tables` (at 1.name) must be a text, not the number 5"],
  [{ tables: { name: "x" } }, "parameter `tables` must be a list, not a mapping"],
  [{ pair: [1, 2] }, "parameter `pair` (at 1) must be a text, not the number 2"],
  [{ pair: [1, "a", 3] }, "parameter `pair` must be a list of at most 2 items, not a list"],
  [{ size: 0 }, "parameter `size` must be more than 0, not the number 0"],
]

t.test("a value that Prefect's server refuses is an error at its line", async (t) => {
  for (const [parameters, message] of refused)
    t.strictSame(said({ parameters }), [`error parameter-invalid: ${message}`], JSON.stringify(parameters))
  const lines = ["deployments:", "- name: d", "  entrypoint: flow.py:my_flow", "  work_pool: { name: p }"]
  const manifest = [...lines, "  parameters:", "    limit: 5", "    table:", "      rows: 0"].join("\n")
  t.match(desiredOf({ "prefect.yaml": manifest, "flow.py": flow }).problems, [{ line: 8, column: 7 }])
})

const taken: readonly JsonObject[] = [
  {},
  { limit: 5, ratio: 1, dry: true, note: null, pair: [1, "a"], size: 3 },
  { limit: 1.0, table: { name: "x" }, tables: [{ name: "x", rows: 3 }], region: "us", mode: "slow" },
  // Required keys count at the run only.
  { table: { rows: 5 } },
  // Prefect's models ignore what they don't know.
  { table: { name: "x", more: 1 } },
  { limit: { __prefect_kind: "jinja", template: "1" } },
]

t.test("a value that Prefect's server takes is none", async (t) => {
  for (const parameters of taken) t.strictSame(said({ parameters }), [], JSON.stringify(parameters))
})

t.test("a name that the flow hasn't is a warning with the one that was meant, wherever it stands", async (t) => {
  const warned = (name: string, hint: string) =>
    `warning parameter-unknown: the flow has no parameter \`${name}\`, so none of its runs could begin: ${hint}`
  t.strictSame(said({ parameters: { regoin: "eu" } }), [warned("regoin", "did you mean `region`?")])
  t.match(said({ parameters: { whatever_else: 1 } }), [/it has limit, region, mode, table, tables, ratio, dry, note$/])
  const schedule = { cron: "0 3 * * *" }
  t.strictSame(said({ schedules: [schedule, { ...schedule, slug: "b", parameters: { Limit: 1, limt: 2 } }] }), [
    warned("Limit", "did you mean `limit`?"),
    warned("limt", "did you mean `limit`?"),
  ])
  t.strictSame(said({ schedule: { ...schedule, parameters: { modes: 1 } } }), [warned("modes", "did you mean `mode`?")])
  t.strictSame(said({ triggers: [{ parameters: { sizes: "{{ event.id }}" } }] }), [
    warned("sizes", "did you mean `size`?"),
  ])
  const bare = "from prefect import flow\n@flow\ndef my_flow(): pass\n"
  t.strictSame(said({ parameters: { a: 1 } }, bare), [warned("a", "it has none")])
})

t.test("what Prefect takes and no run can begin with is a warning", async (t) => {
  const words = "parameter `limit` must be a whole number, not the text many: Prefect takes it, and no run could begin"
  const warning = [`warning parameter-invalid: ${words}`]
  t.strictSame(said({ parameters: { limit: "many" }, enforce_parameter_schema: false }), warning)
  t.strictSame(said({ schedules: [{ cron: "0 3 * * *", parameters: { limit: "many" } }] }), warning)
  // A run reads them as Python does.
  const lax = { limit: "5", ratio: "1e3", dry: "yes", note: 5, region: "asia" }
  t.strictSame(said({ parameters: lax, enforce_parameter_schema: false }), [])
  t.strictSame(said({ schedules: [{ cron: "0 3 * * *", parameters: lax }] }), [])
})

t.test("what isn't known is never accused: placeholders, undecided parameters, undecided flows", async (t) => {
  const open = said({ parameters: { limit: "{{ $LIMIT }}", table: { rows: "{{ prefect.variables.rows }}" } } })
  t.ok(
    open.every((line) => /env-missing|variable-missing/.test(line)),
    open.join("\n"),
  )
  const unknown = "from prefect import flow\nfrom elsewhere import Kind, LIMIT\n"
  const partly = `${unknown}@flow\ndef my_flow(a: Kind = 1, b: int = LIMIT, c: int = 3): pass\n`
  t.ok(said({ parameters: { a: "x", b: "y" } }, partly).every((line) => line.includes("schema-undecided")))
  t.match(said({ parameters: { d: 1 } }, partly), [/schema-undecided/, /schema-undecided/, /parameter-unknown/])
  const wholly = `${unknown}@LIMIT\n@flow(name="my-flow")\n@Kind\ndef my_flow(a: int): pass\n`
  t.ok(said({ parameters: { b: 1 } }, wholly).every((line) => !line.includes("parameter-")))
})

t.test("what a placeholder gives is checked, and never shown", async (t) => {
  const inputs = { env: new Map([["LIMIT", "secret-five"]]), variables: new Map<string, Json>([["limit", 5]]) }
  t.strictSame(said({ parameters: { limit: "{{ prefect.variables.limit }}" } }, flow, { inputs }), [])
  const found = said({ parameters: { limit: "{{ $LIMIT }}" } }, flow, { inputs })
  t.match(found, [/must be a whole number, not what its placeholder gives: values of the environment are texts/])
  t.notMatch(found, [/secret-five/])
})

t.test("a given schema counts for values, the flow for names", async (t) => {
  const schema = { type: "object", properties: { n: { type: "string" } }, additionalProperties: false }
  const { problems } = one({ parameters: { n: 5 }, parameter_openapi_schema: schema })
  t.match(problems, [{ severity: "error", code: "parameter-invalid", message: /must be a text/ }])
})

t.test("nothing is refused that Prefect's server takes, and nearly all that it refuses is", async (t) => {
  for (const version of ["3.8.8", "3.2.0"] as const) {
    const { wrong, server, ours } = compare(version, { programs: 30, values: 12 })
    t.strictSame(wrong.slice(0, 3), [], `${version} takes what is refused here`)
    t.ok(server > 50, `${version} refuses ${server}`)
    t.ok(ours >= server * 0.98, `${version}: ${ours} of ${server} are refused here too`)
  }
})
