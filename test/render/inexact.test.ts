import t from "tap"
import { desiredOf } from "./desired.ts"

const flow = `from typing import Any, Optional
from pydantic import BaseModel
from prefect import flow

class Table(BaseModel):
    ratio: float
    extra: Any = None

@flow
def my_flow(
    any=None,
    number: float = 0,
    whole: int = 0,
    maybe: Optional[float] = None,
    numbers: list[float] = [],
    shares: dict[str, float] = {},
    table: Optional[Table] = None,
    open: dict = {},
):
    pass
`

function told(lines: string): readonly string[] {
  const head = "deployments:\n- name: d\n  entrypoint: flow.py:my_flow\n"
  const pool = lines.includes("work_pool") ? "" : "  work_pool: { name: p }\n"
  const desired = desiredOf({ "prefect.yaml": `${head}${pool}  ${lines}\n`, "flow.py": flow })
  return desired.problems.map(({ severity, code, message, line }) => `${severity} ${code} ${line}: ${message}`)
}

const inexact: readonly (readonly [lines: string, message: string])[] = [
  ["parameters: { any: 1.0 }", "`parameters.any` is 1.0, and reaches the flow as the whole number 1"],
  ["parameters: { any: -0.0 }", "`parameters.any` is -0.0, and reaches the flow as the whole number 0"],
  ["parameters: { any: 1.0e+3 }", "`parameters.any` is 1000.0, and reaches the flow as the whole number 1000"],
  ["parameters: { any: [[2.0]] }", "`parameters.any.0.0` is 2.0"],
  ["parameters: { open: { a: 2.0 } }", "`parameters.open.a` is 2.0"],
  ["parameters: { table: { ratio: 1.0, extra: 1.0 } }", "`parameters.table.extra` is 1.0"],
  ["parameters: { any: .inf }", "`parameters.any` is infinite or no number: Prefect's server keeps null"],
  ["parameters: { any: -.inf }", "`parameters.any` is infinite or no number"],
  ["parameters: { any: .nan }", "`parameters.any` is infinite or no number"],
  ["schedules: [{ cron: 0 6 * * *, parameters: { any: 1.0 } }]", "`schedules.0.parameters.any` is 1.0"],
  ["triggers: [{ enabled: true, expect: [a], parameters: { any: 1.0 } }]", "`triggers.0.parameters.any` is 1.0"],
  ["work_pool: { name: p, job_variables: { cpu: 2.0 } }", "`work_pool.job_variables.cpu` is 2.0"],
]
const exact = [
  "parameters: { any: 1 }",
  "parameters: { any: 1.5 }",
  "parameters: { any: 1e3 }",
  "parameters: { any: 0x10 }",
  "parameters: { any: 12345678901234567890 }",
  "parameters: { any: 1.0e+20 }",
  'parameters: { any: "1.0" }',
  "parameters: { number: 1.0, whole: 1.0, maybe: 1.0, numbers: [1.0, 2.0], shares: { a: 1.0 }, table: { ratio: 1.0 } }",
]

t.test("numbers that Prefect gets otherwise than they are written are told, with their place", async (t) => {
  for (const [lines, message] of inexact) {
    const [only, ...more] = told(lines).filter((line) => line.includes("number-inexact"))
    t.ok(
      only?.startsWith(`warning number-inexact ${lines.includes("work_pool") ? 4 : 5}: ${message}`),
      `${lines}: ${only}`,
    )
    t.strictSame(more, [], lines)
  }
})

t.test("numbers that reach a flow as they are written are not told", async (t) => {
  for (const lines of exact) t.strictSame(told(lines), [], lines)
})
