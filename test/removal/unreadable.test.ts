import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import type { SourceStatus } from "../../src/core/status.ts"
import { named, openWorld, project, type LiveJson } from "../support/daemon.ts"
import type { GitRepository } from "../support/git-server.ts"
import { openLane, type Lane } from "../support/lane.ts"

/** A manifest that can't be read is not absent: what it declared stays as it is, however it became unreadable. */
const world = await openWorld()
t.setTimeout(180_000)
t.teardown(() => world[Symbol.asyncDispose]())
const atOnce = { prune: { grace: "0s" } }

/** What somebody does to `FOLDER/c/prefect.yaml` in a work tree. */
const hides: Readonly<Record<string, (at: Place) => void>> = {
  "a-link": ({ path, work, folder }) => {
    renameSync(join(path, "prefect.yaml"), join(work, `${folder}.yaml`))
    symlinkSync(`../../${folder}.yaml`, join(path, "prefect.yaml"))
  },
  "a-link-above": ({ work, folder }) => {
    renameSync(join(work, folder), join(work, `${folder}.d`))
    renameSync(join(work, `${folder}.d/c/prefect.yaml`), join(work, `${folder}.d/c/other.yaml`))
    symlinkSync(`${folder}.d`, join(work, folder))
  },
  "a-submodule-above": ({ work, folder, repository }) => {
    rmSync(join(work, folder), { recursive: true })
    repository.git("rm", "-r", "--quiet", "--cached", folder)
    repository.git("update-index", "--add", "--cacheinfo", `160000,${repository.git("rev-parse", "HEAD")},${folder}`)
    mkdirSync(join(work, folder))
  },
  "another-ending": ({ path }) => renameSync(join(path, "prefect.yaml"), join(path, "prefect.yml")),
  "another-case": ({ path }) => renameSync(join(path, "prefect.yaml"), join(path, "Prefect.yaml")),
}
interface Place {
  readonly path: string
  readonly work: string
  readonly folder: string
  readonly repository: GitRepository
}
const folders = Object.keys(hides)

/** One manifest a folder beside the one at the root, each with a deployment of its own. */
async function open(name: string): Promise<Lane & { readonly before: Readonly<Record<string, LiveJson>> }> {
  const lane = await openLane(world, name, named("stays"), atOnce)
  const below = folders.map((folder) => {
    return [`${folder}/c/prefect.yaml`, String(project(name, named(folder))["prefect.yaml"])] as const
  })
  lane.repository.commit({ ...project(name, named("stays")), ...Object.fromEntries(below) })
  await lane.sync()
  return { ...lane, before: await lane.live() }
}

function hideAll(repository: GitRepository): void {
  const work = repository.folder.replace(/\.git$/, ".work")
  for (const folder of folders) hides[folder]?.({ path: join(work, folder, "c"), work, folder, repository })
  repository.commit({})
}

const told = ({ problems }: SourceStatus) =>
  problems
    .flatMap(({ code, file = "" }) => (code === "manifest-unreadable" ? [file.split("/")[0] ?? ""] : []))
    .toSorted((a, b) => a.localeCompare(b))

await t.test("links, submodules and misspelt names take nothing away, until they are gone too", async (t) => {
  const lane = await open("hidden")
  t.strictSame(Object.keys(lane.before), [...folders, "stays"].toSorted())
  hideAll(lane.repository)
  for (const look of ["the first look", "the next one"]) {
    const status = await lane.sync()
    t.match(status, { state: "degraded", lastTurn: { changes: { retire: 0 } }, hold: undefined }, look)
    t.strictSame(
      told(status),
      folders.toSorted((a, b) => a.localeCompare(b)),
      look,
    )
  }
  t.strictSame(await lane.live(), lane.before)
  await lane.daemon[Symbol.asyncDispose]()
  const again = await world.daemon({ installation: "hidden", sources: [lane.source] })
  t.strictSame(
    told(await again.sync("main")),
    folders.toSorted((a, b) => a.localeCompare(b)),
    "after a restart",
  )
  t.strictSame(await lane.live(), lane.before)
  lane.repository.git("rm", "-r", "--quiet", "--force", ...folders)
  lane.repository.commit({})
  const { state, hold } = await again.sync("main")
  t.strictSame([state, hold], ["synced", undefined], "what is really gone goes")
  t.strictSame(Object.keys(await lane.live()), ["stays"])
})

await t.test("what hides them is seen also when it came while no daemon ran", async (t) => {
  const lane = await open("while-away")
  await lane.daemon[Symbol.asyncDispose]()
  lane.repository.commit({ "notes.txt": "between" })
  hideAll(lane.repository)
  const again = await world.daemon({ installation: "while-away", sources: [lane.source] })
  t.strictSame(
    told(await again.sync("main")),
    folders.toSorted((a, b) => a.localeCompare(b)),
  )
  t.strictSame(await lane.live(), lane.before)
})

await t.test("a recorded commit that the server no longer has holds removals, and nothing else", async (t) => {
  const lane = await openLane(world, "rewritten", named("stays", "goes"), atOnce)
  await lane.daemon[Symbol.asyncDispose]()
  const { repository } = lane
  repository.git("checkout", "--quiet", "--orphan", "fresh")
  repository.git("rm", "-r", "--quiet", "--cached", ".")
  repository.commit(project("rewritten", { stays: { parameters: { limit: 5 } } }), "fresh")
  repository.git("push", "--quiet", "--force", "origin", "fresh:refs/heads/main")
  repository.git("push", "--quiet", "origin", ":refs/heads/fresh")
  repository.git("--git-dir", repository.folder, "reflog", "expire", "--expire=now", "--all")
  repository.git("--git-dir", repository.folder, "gc", "--quiet", "--prune=now")
  const again = await world.daemon({ installation: "rewritten", sources: [lane.source] })
  const status = await again.sync("main")
  t.match(status, {
    state: "held",
    hold: { reasons: [{ code: "source-changed" }] },
    lastTurn: { changes: { update: 1 } },
  })
  t.match((await lane.live())["goes"], { paused: false })
  t.equal((await again.confirm("main")).state, "synced")
  t.strictSame(Object.keys(await lane.live()), ["stays"])
})
