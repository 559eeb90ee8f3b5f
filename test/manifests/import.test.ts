import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import t from "tap"
import { openPlanParts } from "../../src/cli/open-plan.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { openRender } from "../../src/open-render.ts"
import { lockstep } from "../cli/shell.ts"
import { deploy, openManifestWorld } from "./deployments.ts"
import { manifestCase } from "./manifests.ts"

/**
 * Generated manifests through real `prefect deploy`, and then back: a manifest made of what is live has nothing in common
 * with the one that it came from but what it means.
 */
const seed = Number(process.env["IMPORT_SEED"] ?? 2027)
const count = Number(process.env["IMPORT_COUNT"] ?? 60)

interface Plan {
  readonly sources: readonly [
    { readonly changes: readonly { action: string; key: string; fields: readonly unknown[] }[] },
  ]
}

t.test("what `prefect deploy` made is imported and adopted without a difference", async (t) => {
  await using world = await openManifestWorld("3.8.8")
  const folder = t.testdir({})
  execFileSync("git", ["init", "--quiet", folder])
  const flowOf = (n: number): string => `i-${seed}-${n}`
  const files = new Map<string, string>()
  const folders = Array.from({ length: count }, (_, n) => {
    const made = manifestCase(seed, n)
    const flowFiles = Object.entries(made.files(flowOf(n))).map(([path, text]) => [`c${n}/${path}`, text] as const)
    for (const [path, text] of [[`c${n}/prefect.yaml`, made.manifest] as const, ...flowFiles]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    for (const [path, text] of flowFiles) files.set(path, text)
    return join(folder, `c${n}`)
  })
  await deploy(folders, world.prefect.url)
  for (const one of folders) rmSync(join(one, "prefect.yaml"))

  const environment = { PREFECT_API_URL: world.gateway.url }
  const shell = {
    environment,
    folder,
    clock: systemClock,
    openPlan: () => openPlanParts(environment, systemClock),
    openRender: async () => openRender(),
  }
  const told: string[] = []
  for (const [n] of folders.entries()) {
    const { err } = await lockstep(["import", "--select", `${flowOf(n)}/*`, "--output", `c${n}/prefect.yaml`], shell)
    told.push(...err.split("\n").filter((line) => line.startsWith("warning") || line.startsWith("error")))
    try {
      files.set(`c${n}/prefect.yaml`, readFileSync(join(folder, `c${n}/prefect.yaml`), "utf8"))
    } catch {
      // Nothing of that flow is live, because Prefect refused its manifest.
    }
  }
  const repository = world.repository("imported")
  repository.commit(Object.fromEntries(files))
  const source = { name: "imported", url: repository.url, baseDir: "manifest" }
  writeFileSync(join(folder, "lockstep.yaml"), JSON.stringify({ installation: "import", sources: [source] }))
  const { out } = await lockstep(["plan", "--json"], shell)
  const { changes } = (JSON.parse(out) as Plan).sources[0]

  t.ok(changes.length > count / 4, `${changes.length} are adopted`)
  const differing = changes.filter(({ action, fields }) => action !== "adopt" || fields.length > 0)
  t.strictSame(
    differing.filter(({ key }) => !told.some((line) => line.includes(`(${key})`) && line.includes("[flow-differs]"))),
    [],
  )
  t.comment(told.join("\n"))
})
