import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import t from "tap"
import { annotations } from "../../src/cli/annotations.ts"
import { planMarkdown } from "../../src/cli/plan-markdown.ts"
import { planText } from "../../src/cli/plan-text.ts"
import { problemLines } from "../../src/cli/problem-text.ts"
import { harmless, noPaint } from "../../src/cli/terminal.ts"
import type { Problem } from "../../src/core/model.ts"
import { openLog } from "../../src/observe/log.ts"
import { openRender } from "../../src/open-render.ts"
import { declared, owned, planOf } from "./plans.ts"
import { lockstep, now } from "./shell.ts"

/** What a line would have to look like for a CI system to obey it, or for a terminal to show something else. */
const obeyed = /^\s*::|##(?:vso|teamcity)?\[/m
// oxlint-disable-next-line no-control-regex -- finding them is the purpose
const strange = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

function through(write: (out: { write(text: string): unknown; readonly isTTY: boolean }) => void): string {
  let text = ""
  write(harmless({ write: (more) => (text += more), isTTY: false }))
  return text
}

const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "::error file=x,line=1::pwned",
        "::set-output name=a::b",
        "##[error]x",
        "##vso[task.complete]",
        "##teamcity[x]",
      ),
      fc.constantFrom(
        "\n",
        "\r",
        "\r\n",
        " ",
        "\t",
        "\u2028",
        "\u202e",
        "\u001b[31m",
        "\u0085",
        "\u200b",
        "\u0000",
        "#",
        ":",
        "%0A",
      ),
      fc.string({ maxLength: 5 }),
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(""))
const problems = fc.record(
  {
    severity: fc.constant("error" as const),
    code: fc.constant("bad"),
    message: hostile,
    file: hostile,
    line: fc.nat(),
    key: hostile,
  },
  { requiredKeys: ["severity", "code", "message"] },
) as fc.Arbitrary<Problem>
const isTame = (text: string): boolean => !obeyed.test(text) && !strange.test(text)

t.test("no line of problems can be a command to a CI system, whatever a repository names", async (t) => {
  fc.assert(
    fc.property(fc.array(problems, { minLength: 1, maxLength: 3 }), (found) =>
      isTame(through((out) => out.write(`${problemLines(found, noPaint).join("\n")}\n`))),
    ),
  )
  t.pass()
})

t.test("an annotation is one line, and the only command in it is ours", async (t) => {
  fc.assert(
    fc.property(problems, (problem) => {
      const text = annotations([problem])
      return /^::error [^\n]*\n$/.test(text) && !strange.test(text)
    }),
  )
  t.pass()
})

t.test(
  "no line of a plan, as text or as Markdown, can be a command, whatever stands in Git and in Prefect",
  async (t) => {
    fc.assert(
      fc.property(hostile, hostile, (text, other) => {
        const wanted = declared(`a/${text}`, { parameters: { [text]: other }, tags: [text], description: other })
        const live = owned("analytics", `a/${text}`, { parameters: { [other]: text }, tags: [other] }, wanted)
        const fresh = declared(`b/${other}`, { parameters: { [other]: text }, tags: [text] })
        const plan = planOf({ declared: [wanted, fresh], live: [live] })
        return isTame(through((out) => out.write(planText(plan) + planMarkdown(plan))))
      }),
    )
    t.pass()
  },
)

t.test("no line of the log can be a command, nor more than one line", async (t) => {
  for (const format of ["json", "pretty"] as const)
    fc.assert(
      fc.property(hostile, hostile, (text, other) => {
        const written = through((out) =>
          openLog({ level: "info", format, clock: clockOf, mask: (said) => said, out }).info(
            { file: text, error: other },
            text,
          ),
        )
        return isTame(written) && written.split("\n").length === 2
      }),
    )
  t.pass()
})
const clockOf = { now: () => now, elapsed: () => now, sleep: () => Promise.resolve(), random: () => 0 }

t.test("JSON says the same after the gate as before", async (t) => {
  fc.assert(
    fc.property(fc.dictionary(hostile, hostile), (value) => {
      const text = through((out) => out.write(`${JSON.stringify(value, null, 2)}\n`))
      return !obeyed.test(text) && JSON.stringify(JSON.parse(text)) === JSON.stringify(value)
    }),
  )
  t.pass()
})

t.test("a folder named like a command is shown, and isn't one: text, JSON, SARIF and annotations", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-obeyed-"))
  t.teardown(() => rmSync(folder, { recursive: true }))
  for (const name of ["::error file=x,line=1::pwned", "##[error]pwned", " ::notice::x", "a\n::error::b"]) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, "prefect.yaml"), "deployments: [{name: a, entrypoint: gone.py:f}]\n")
  }

  for (const format of ["text", "json", "sarif", "github"]) {
    const { code, out } = await lockstep(["validate", ".", "--format", format], {
      folder,
      openRender: async () => openRender(),
    })

    t.equal(code, 1, format)
    const foreign = format === "github" ? out.replaceAll(/^::(?:error|warning) [^\n]*\n/gm, "") : out
    t.notMatch(foreign, obeyed, format)
  }
})
