import { execFileSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import { openPlanParts } from "../../src/cli/open-plan.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { openRender } from "../../src/open-render.ts"
import { openGitServer } from "../support/git-server.ts"
import { sharedPrefect } from "../support/prefect/server.ts"
import { lockstep } from "./shell.ts"

/** Plans against a real Prefect and a real Git server, through the parts that the daemon has. */

const manifest = `deployments:
  - name: prod
    entrypoint: flows/cli_plan.py:etl
    work_pool:
      name: cli-plan-pool
    schedules:
      - cron: "0 6 * * *"
        timezone: Europe/Berlin
        slug: daily
    parameters:
      limit: 10
    tags: [nightly]
`
const flow = `from prefect import flow

@flow(name="cli-plan")
def etl(limit: int = 5):
    """Loads."""
`

const prefect = await sharedPrefect("3.8.8")
const git = await openGitServer()
t.teardown(async () => {
  await git[Symbol.asyncDispose]()
  await prefect[Symbol.asyncDispose]()
})
const repository = git.createRepository("cli-plan")
const first = repository.commit({ "prefect.yaml": manifest, "flows/cli_plan.py": flow })
const environment = {}
const world = {
  environment,
  clock: systemClock,
  openPlan: () => openPlanParts(environment, systemClock),
  openRender: async () => openRender(),
}

async function prefectApi(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${prefect.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  })
  return response.json()
}

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = t.testdir({})
  const config = `installation: cli-plan-test
workspaces: [{ name: default, apiUrl: "${prefect.url}" }]
sources: [{ name: analytics, url: "${repository.url}", ref: { branch: main } }]
`
  for (const [path, text] of Object.entries({ "lockstep.yaml": config, ...files })) {
    mkdirSync(join(folder, path, ".."), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

t.test("a plan of a real repository says what would be created, and creates nothing", async (t) => {
  await prefectApi("/work_pools/", { name: "cli-plan-pool", type: "process" })

  const { code, out, err } = await lockstep(["plan"], { ...world, folder: folderWith({}) })

  t.equal(err, "")
  t.equal(
    out,
    `analytics at ${first.slice(0, 7)}, workspace default

  + cli-plan/prod  new in Git
      entrypoint: flows/cli_plan.py:etl
      work_pool_name: cli-plan-pool
      schedules[daily]: cron "0 6 * * *" Europe/Berlin
      parameters.limit: 10
      tags: nightly

Plan: 1 to create.
`,
  )
  t.equal(code, 2)
  t.equal(await prefectApi("/deployments/count", { flows: { name: { any_: ["cli-plan"] } } }), 0)
})

t.test("a checkout is planned before it is pushed", async (t) => {
  const folder = folderWith({
    "checkout/prefect.yaml": manifest.replace("cli-plan-pool", "no-such-pool"),
    "checkout/flows/cli_plan.py": flow,
  })
  execFileSync("git", ["init", "-q", join(folder, "checkout")])

  const { code, out } = await lockstep(["plan", "--source", "analytics", "--working-tree", "checkout"], {
    ...world,
    folder,
  })

  t.equal(code, 1)
  t.match(out, "  ! cli-plan/prod  skipped: work-pool-not-found\n")
  t.match(out, /prefect\.yaml:\d+:\d+: error: the workspace has no work pool "no-such-pool"/)
})

t.test("a Git server that can't be reached is an error and no empty plan", async (t) => {
  const folder = folderWith({})
  git.credentials = "user:password"
  t.teardown(() => (git.credentials = null))

  const { code, out } = await lockstep(["plan"], { ...world, folder })

  t.equal(code, 1)
  t.match(out, /^analytics: error: /)
})

t.test("validate reads a manifest and its flow as the daemon does", async (t) => {
  const folder = folderWith({
    ".git/HEAD": "ref: refs/heads/main\n",
    "prefect.yaml": manifest.replace("cron:", "crn:"),
    "flows/cli_plan.py": flow,
  })

  const { code, out } = await lockstep(["validate", "."], { ...world, folder })

  t.equal(code, 1)
  t.match(out, /^prefect\.yaml:\d+:\d+: error: .*`crn`.* \[schedule-invalid\]\n/)
  t.match(out, "\n1 manifest, 1 deployment: 1 error, 0 warnings.\n")
})
