import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import t, { type Test } from "tap"
import { openPlanParts } from "../../src/cli/open-plan.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { openRender } from "../../src/open-render.ts"
import { openWorld, type World } from "../support/daemon.ts"
import type { PrefectVersion } from "../support/prefect/server.ts"
import { lockstep, type Ran } from "./shell.ts"
import { automate, awkward, fill, flowFiles, sayable, shareLimit } from "./varied.ts"

/** What runs already, from real servers into a manifest and back: the plan of the real manifest must only adopt. */

interface Change {
  readonly action: string
  readonly key: string
  readonly code?: string
  readonly fields: readonly unknown[]
}
interface Plan {
  readonly sources: readonly [{ readonly changes: readonly Change[]; readonly problems: readonly { code: string }[] }]
}

class Place {
  readonly world: World
  readonly folder: string
  readonly #secrets: Readonly<Record<string, string>>

  constructor(t: Test, world: World, secrets: Readonly<Record<string, string>> = {}) {
    this.world = world
    this.#secrets = secrets
    this.folder = t.testdir({})
    execFileSync("git", ["init", "--quiet", this.folder])
    for (const [path, text] of Object.entries(flowFiles)) this.write(path, text)
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true })
    writeFileSync(join(this.folder, path), text)
  }

  run(...argv: readonly string[]): Promise<Ran> {
    const environment = this.#secrets
    return lockstep(argv, {
      environment,
      folder: this.folder,
      clock: systemClock,
      openPlan: () => openPlanParts(environment, systemClock),
      openRender: async () => openRender(),
    })
  }

  import(...argv: readonly string[]): Promise<Ran> {
    return this.run("import", "--api-url", this.world.gateway.url, ...argv)
  }

  /** What Lockstep would do with the manifest and the flows in a repository, with the standard policy. */
  async plan(name: string): Promise<Plan["sources"][0]> {
    const repository = this.world.repository(name)
    repository.commit({ ...flowFiles, "prefect.yaml": readFileSync(join(this.folder, "prefect.yaml"), "utf8") })
    const env = Object.fromEntries(Object.keys(this.#secrets).map((secret) => [secret, { env: secret }]))
    this.write(
      "lockstep.yaml",
      JSON.stringify({
        installation: "import-test",
        workspaces: [{ name: "default", apiUrl: this.world.gateway.url }],
        sources: [{ name, url: repository.url, env }],
      }),
    )
    const { out } = await this.run("plan", "--json")
    return (JSON.parse(out) as Plan).sources[0]
  }
}

function writesOf({ gateway }: World): readonly string[] {
  return gateway.requests
    .filter(({ method, path }) => method !== "GET" && !(method === "POST" && /\/(?:filter|count)$/.test(path)))
    .map(({ method, path }) => `${method} ${path}`)
}

const keysOf = (made: readonly { flow: string; name: string }[]) =>
  made.map(({ flow, name }) => `${flow}/${name}`).toSorted()

async function imports(t: Test, version: PrefectVersion): Promise<void> {
  await using world = await openWorld({ version })
  await fill(world, sayable)
  if (version !== "3.2.0") await automate(world, "treacherous")
  const place = new Place(t, world)

  const { code, err } = await place.import("--output", "prefect.yaml")
  t.equal(code, 0)
  t.match(err, /Wrote prefect\.yaml: 10 deployments\.\n/)
  t.strictSame(writesOf(world), [], "an import only reads")

  const plan = await place.plan(`same-${version.replaceAll(".", "-")}`)
  t.strictSame(
    plan.changes.map(({ action, key, fields }) => ({ action, key, fields })),
    keysOf(sayable).map((key) => ({ action: "adopt", key, fields: [] })),
    "adopting writes the mark and nothing else",
  )
  t.strictSame(writesOf(world), [])

  const manifest = readFileSync(join(place.folder, "prefect.yaml"), "utf8")
  const fields = "version tags parameters enforce_parameter_schema work_queue_name job_variables concurrency_limit"
  for (const field of `description flow_name ${fields} collision_strategy paused schedules slug active day_or`.split(
    " ",
  ))
    t.match(manifest, new RegExp(`^ +(?:- )?${field}: ?`, "m"), `${field} is said`)
}

t.test("3.8.8: what runs already is adopted without a difference", (t) => imports(t, "3.8.8"))
t.test("3.2.0: what runs already is adopted without a difference", (t) => imports(t, "3.2.0"))

t.test("what no manifest can say is left out or left open, and told", async (t) => {
  await using world = await openWorld()
  await fill(world, [...sayable, ...awkward])
  await automate(world, "treacherous")
  await shareLimit(world, "plain")
  const secrets = {
    DB_PASSWORD: "hunter6",
    DB_PASSWORD_2: "hunter2",
    DATABASE_URL: "postgresql://app:hunter3@db/app",
    apiKey: "hunter4",
    REPOSITORY: "https://x-access-token:hunter5@git.example.com/data/etl.git",
  }
  const place = new Place(t, world, secrets)

  const { code, err } = await place.import("--output", "prefect.yaml")
  const manifest = readFileSync(join(place.folder, "prefect.yaml"), "utf8")
  t.equal(code, 0)
  t.notMatch(manifest + err, /hunter|1234/, "no secret is written")
  const told: readonly (readonly [string, string])[] = [
    ["old name/renamed", "flow-elsewhere"],
    ["other/elsewhere", "flow-file-missing"],
    ["plain/nowhere", "entrypoint-missing"],
    ["plain/served", "work-pool-missing"],
    ["etl/numeric-secret", "field-left-out"],
    ["etl/template", "field-left-out"],
    ["etl/treacherous", "trigger-left-out"],
    ["etl/undescribed", "flow-differs"],
    ["plain/plain", "limit-left-out"],
    ["plain/reserved", "field-left-out"],
  ]
  for (const [key, word] of told) {
    const line = err.split("\n").find((one) => one.includes(`(${key})`) && one.includes(`[${word}]`))
    t.ok(line, `${key} is told as ${word}`)
  }
  t.match(err, "\n    DB_PASSWORD_2: { env: DB_PASSWORD_2 } # plain/secrets, job_variables.env.DB_PASSWORD\n")
  t.match(err, "Wrote prefect.yaml: 18 deployments, 4 left out.\n")
  t.match(manifest, "\n# Left out, and left as they are in Prefect:\n#   plain/served: ")
  t.notMatch(manifest, "other/elsewhere", "what belongs to another checkout is no news in this one")

  const { changes, problems } = await place.plan("awkward")
  const differing = changes.filter(({ action, fields }) => action !== "adopt" || fields.length > 0)
  t.strictSame(
    differing.map(({ key }) => key),
    ["etl/undescribed"],
    "only what was told to differ does",
  )
  t.strictSame(
    problems.filter(({ code: word }) => word !== "shared-limit-attached").map(({ code: word }) => word),
    ["parameter-unknown"],
    "which is live already, and which a flow refuses when it runs",
  )
  t.equal(changes.length, 18)
  t.strictSame(writesOf(world), [])

  await t.test("--show-values writes secrets as they are, and the plan needs no env", async (t) => {
    const shown = new Place(t, world)
    await shown.import("--output", "prefect.yaml", "--show-values")
    const { changes } = await shown.plan("shown")
    t.match(readFileSync(join(shown.folder, "prefect.yaml"), "utf8"), "DB_PASSWORD: hunter2\n")
    t.strictSame(
      changes.filter(({ fields }) => fields.length > 0).map(({ key }) => key),
      ["etl/undescribed"],
    )
  })

  await t.test("once adopted there is nothing to import, and nothing to write", async (t) => {
    const repository = world.repository("adopted")
    repository.commit({ ...flowFiles, "prefect.yaml": manifest })
    const env = secrets
    const source = { name: "main", url: repository.url, env }
    await using daemon = await world.daemon({ installation: "import-adopted", sources: [source] })
    const { deployments } = await daemon.sync("main")
    t.match(deployments, { desired: 18, owned: 17, held: 1 }, "the one that differs waits for a person")
    world.gateway.requests.length = 0
    await daemon.sync("main")
    t.strictSame(writesOf(world), [])

    const again = await place.import("--select", "etl/{nightly,hourly}")
    t.equal(again.code, 0)
    t.equal(again.out, "")
    t.match(again.err, /left out: source main of installation import-adopted owns it \(etl\/hourly\) \[already-owned\]/)
    t.match(again.err, "Nothing to import: 0 deployments, 2 left out.\n")
  })
})
