import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import t, { type Test } from "tap"
import { annotations } from "../../src/cli/annotations.ts"
import { openRender } from "../../src/open-render.ts"
import { remedies } from "../../src/render/manifest/remedies.ts"
import { rules } from "../../src/render/manifest/rules.ts"
import { lockstep } from "./shell.ts"

/** What `validate` gives to machines. The real renderer, in a folder that is no repository. */

const flow = `from prefect import flow

@flow
def etl(x: Unknown): pass
`
const messy = `deployments:
- {"😀😀": 1, name: one, entrypoint: "f.py:etl", work_pool: {name: p}, paramters: {}}
- name: two
  entrypoint: f.py:etl
  work_pool: {name: p}
  parameters: {stage: "{{ $STAGE }}"}
- {name: three, entrypoint: f.py:nope, work_pool: {name: p}}
`

function validate(t: Test, files: Readonly<Record<string, string | Buffer>>) {
  const folder = t.testdir({})
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return (...argv: string[]) => lockstep(["validate", ".", ...argv], { folder, openRender: async () => openRender() })
}

interface Sarif {
  readonly $schema: string
  readonly version: string
  readonly runs: readonly {
    readonly columnKind: string
    readonly tool: { readonly driver: { readonly name: string; readonly version: string; readonly rules: Rule[] } }
    readonly results: readonly Result[]
  }[]
}
interface Rule {
  readonly id: string
  readonly shortDescription: { readonly text: string }
  readonly help: { readonly text: string }
  readonly helpUri: string
  readonly defaultConfiguration: { readonly level: string }
}
interface Result {
  readonly ruleId: string
  readonly ruleIndex: number
  readonly level: string
  readonly message: { readonly text: string }
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string; readonly uriBaseId: string }
      readonly region: { readonly startLine: number; readonly startColumn: number }
    }
    readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[]
  }[]
}

t.test("sarif: rules, levels, relative places, columns in UTF-16 code units", async (t) => {
  const run = validate(t, { "ü, x/prefect.yaml": messy, "ü, x/f.py": flow })
  const { code, out } = await run("--format", "sarif")
  t.equal(code, 1)
  const log = JSON.parse(out) as Sarif
  t.match(log, { version: "2.1.0", $schema: /sarif-schema-2\.1\.0\.json$/ })
  const [sarif] = log.runs
  t.match(sarif, { columnKind: "utf16CodeUnits", tool: { driver: { name: "Lockstep", version: "1.2.3 (abcdef0)" } } })
  const known = sarif?.tool.driver.rules ?? []
  t.strictSame(
    known.map(({ id, defaultConfiguration: { level } }) => [id, level]),
    Object.entries(rules).map(([id, [level]]) => [id, level]),
  )
  for (const { id, shortDescription, help, helpUri } of known) {
    t.ok(shortDescription.text.endsWith(".") && help.text.endsWith("."), id)
    t.match(helpUri, /^https:\/\//)
  }
  const results = sarif?.results ?? []
  t.ok(results.every(({ ruleId, ruleIndex }) => known[ruleIndex]?.id === ruleId))
  const shown = results.map(({ ruleId, level, locations: [place] }) => {
    const { artifactLocation, region } = place?.physicalLocation ?? {}
    const key = place?.logicalLocations?.[0]?.fullyQualifiedName
    return [level, ruleId, artifactLocation?.uri, region?.startLine, region?.startColumn, key].join(" ")
  })
  t.strictSame(shown, [
    "error flow-not-found %C3%BC%2C%20x/prefect.yaml 7 29 ",
    "warning schema-undecided %C3%BC%2C%20x/f.py 4 12 ",
    "warning unknown-key %C3%BC%2C%20x/prefect.yaml 2 4 etl/one",
    "warning unknown-key %C3%BC%2C%20x/prefect.yaml 2 72 etl/one",
    "warning env-missing %C3%BC%2C%20x/prefect.yaml 6 16 etl/two",
  ])
  t.equal(messy.split("\n")[1]?.slice(71, 80), "paramters", "which is what stands there for an editor")
  const clean = validate(t, { "prefect.yaml": "deployments: []\n" })
  t.match(JSON.parse((await clean("--format", "sarif")).out), { runs: [{ results: [] }] })
})

t.test("github: one annotation a problem, then the count", async (t) => {
  const run = validate(t, { "a,b:c/prefect.yaml": messy, "a,b:c/f.py": flow })
  const { code, out } = await run("--format", "github")
  t.equal(code, 1)
  const lines = out.trimEnd().split("\n")
  t.match(lines[0], /^::error file=a%2Cb%3Ac\/prefect\.yaml,line=7,col=29,title=flow-not-found::.*nope/)
  t.ok(
    lines.includes(lines.find((line) => line.startsWith("::warning file=a%2Cb%3Ac/prefect.yaml,line=6,col=16,")) ?? ""),
  )
  t.equal(lines.filter((line) => line.startsWith("::")).length, lines.length - 1)
  t.equal(lines.at(-1), "1 manifest, 2 deployments: 1 error, 4 warnings.")
})

t.test("github: nothing foreign begins a line or ends a property", async (t) => {
  const hostile = "100%,\r\n::set-env name=PATH::/evil: x"
  const text = annotations([{ severity: "error", code: "bad", message: hostile, file: hostile, line: 1 }])
  t.equal(
    text,
    "::error file=100%25%2C%0D%0A%3A%3Aset-env name=PATH%3A%3A/evil%3A x,line=1,title=bad::100%25,%0D%0A::set-env name=PATH::/evil: x\n",
  )
})

t.test("what is wrong in a flow is told once for all its deployments", async (t) => {
  const run = validate(t, { "prefect.yaml": messy, "f.py": flow })
  const { problems } = JSON.parse((await run("--format", "json")).out) as { problems: { code: string; key?: string }[] }
  t.strictSame(
    problems.filter(({ code }) => code === "schema-undecided").map(({ key }) => key),
    [undefined],
  )
  t.equal((await run("--json")).out, (await run("--format", "json")).out)
})

t.test("a file that is no text is told without showing it", async (t) => {
  const run = validate(t, { "prefect.yaml": Buffer.from([0xff, 0xfe, 0x41]) })
  t.match((await run()).out, /^prefect\.yaml:1:1: error: .*isn't UTF-8 text \[manifest-unreadable\]\n\n1 manifest/)
})

t.test("formats that there aren't, or two at once, are a wrong command line", async (t) => {
  const run = validate(t, { "prefect.yaml": messy })
  t.match(await run("--format", "xml"), { code: 64, err: /Allowed choices are text, json, sarif, github/ })
  t.match(await run("--json", "--format", "sarif"), { code: 64, err: /give --json or --format sarif, not both/ })
})

t.test("every rule says what to do", async (t) => {
  for (const code of Object.keys(rules)) t.match(remedies[code as keyof typeof rules], /^[A-Z].{10,}\.$/, code)
})
