import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import t, { type Test } from "tap"
import { loadConfig } from "../../src/config/load.ts"
import { watchConfig, type ConfigWatch, type Reload } from "../../src/config/watch.ts"
import { systemClock } from "../../src/lib/clock.ts"

/** A config whose only difference is its installation. */
const text = (installation: string) => `installation: ${installation}\nsources: []\n`

interface Watched {
  readonly path: string
  readonly folder: string
  readonly watch: ConfigWatch
  /** What the next reload was: the installation, or its kind. */
  readonly next: () => Promise<string>
  readonly seen: string[]
}

async function open(t: Test, prepare: (folder: string) => Promise<string>): Promise<Watched> {
  const folder = await mkdtemp(join(tmpdir(), "lockstep-watch-"))
  const path = await prepare(folder)
  const seen: string[] = []
  let read = 0
  let wake = () => {}
  const watch = await watchConfig({
    path,
    config: await loadConfig(path, {}),
    environment: {},
    clock: systemClock,
    onReload: (reload: Reload) => {
      seen.push(reload.kind === "changed" ? reload.config.installation : reload.kind)
      wake()
    },
    onError: (error) => t.fail(String(error)),
  })
  t.teardown(async () => {
    await watch[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })
  const next = async () => {
    const timeout = AbortSignal.timeout(5000)
    // Keeps the process alive while it waits for a watcher that doesn't.
    const alive = setInterval(() => {}, 1000)
    try {
      while (seen.length <= read)
        await new Promise<void>((resolve, reject) => {
          wake = resolve
          timeout.addEventListener("abort", () => reject(new Error(`no reload; seen: ${seen.join()}`)), { once: true })
        })
      return seen[read++] ?? ""
    } finally {
      clearInterval(alive)
    }
  }
  return { path, folder, watch, next, seen }
}

const plainFile = async (folder: string) => {
  const path = join(folder, "lockstep.yaml")
  await writeFile(path, text("a"))
  return path
}

await t.test("a save in place, an atomic rename, and delete and create are all seen, each once", async (t) => {
  const { path, folder, next, seen } = await open(t, plainFile)

  await writeFile(path, text("b"))
  t.equal(await next(), "b")
  for (const name of ["c", "d"]) {
    await writeFile(join(folder, ".lockstep.yaml.swp"), text(name))
    await rename(join(folder, ".lockstep.yaml.swp"), path)
    t.equal(await next(), name)
  }
  await unlink(path)
  await writeFile(path, text("e"))
  t.equal(await next(), "e")
  t.strictSame(seen, ["b", "c", "d", "e"])
})

await t.test("a Kubernetes volume's swap of ..data is seen, again and again", async (t) => {
  const version = async (folder: string, name: string) => {
    await mkdir(join(folder, `..${name}`))
    await writeFile(join(folder, `..${name}`, "lockstep.yaml"), text(name))
    await symlink(`..${name}`, join(folder, "..data_tmp"))
    await rename(join(folder, "..data_tmp"), join(folder, "..data"))
  }
  const { folder, next } = await open(t, async (folder) => {
    await version(folder, "a")
    await symlink("..data/lockstep.yaml", join(folder, "lockstep.yaml"))
    return join(folder, "lockstep.yaml")
  })

  for (const [before, name] of [
    ["a", "b"],
    ["b", "c"],
    ["c", "d"],
  ] as const) {
    await version(folder, name)
    await rm(join(folder, `..${before}`), { recursive: true })
    t.equal(await next(), name)
  }
})

await t.test("an invalid edit is told and changes nothing; taking it back is told too", async (t) => {
  const { path, next, seen } = await open(t, plainFile)

  await writeFile(path, "installation: [")
  t.equal(await next(), "invalid")
  await writeFile(path, text("a"))
  t.equal(await next(), "unchanged")
  await writeFile(path, `# a comment\n${text("a")}`)
  t.equal(await next(), "unchanged")
  await unlink(path)
  t.equal(await next(), "invalid")
  await writeFile(path, text("b"))
  t.equal(await next(), "b")
  t.strictSame(seen, ["invalid", "unchanged", "unchanged", "invalid", "b"])
})

await t.test("asked to reload, it looks at once and always tells", async (t) => {
  const { path, watch, seen } = await open(t, plainFile)

  await watch.reload()
  await writeFile(path, text("b"))
  await watch.reload()
  await watch.reload()
  await writeFile(path, "nonsense")
  await watch.reload()
  await watch.reload()
  t.strictSame(seen, ["unchanged", "b", "unchanged", "invalid", "invalid"])
})

await t.test("many events of one save are one look, and other files beside it none", async (t) => {
  const { path, folder, next, seen } = await open(t, plainFile)

  for (const name of ["x", "y", "z"]) {
    await writeFile(join(folder, `other-${name}`), "")
    await writeFile(path, text(name))
  }
  t.equal(await next(), "z")
  t.strictSame(seen, ["z"])
})

await t.test("it looks when a save is over: each event waits anew, and the same text again is no news", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "lockstep-watch-"))
  const path = await plainFile(folder)
  const waits: { readonly ms: number; readonly signal: AbortSignal; readonly end: () => void }[] = []
  const sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((end, abort) => {
      waits.push({ ms, signal, end })
      signal.addEventListener("abort", () => abort(new Error("aborted")), { once: true })
    })
  const seen: Reload["kind"][] = []
  const watch = await watchConfig({
    path,
    config: await loadConfig(path, {}),
    environment: {},
    clock: { ...systemClock, sleep },
    onReload: ({ kind }) => seen.push(kind),
    onError: (error) => t.fail(String(error)),
  })
  const quiet = () => waits.filter(({ ms }) => ms < 1000)
  const save = async (content: string) => {
    const before = quiet().length
    await writeFile(path, content)
    for (let i = 0; i < 500 && quiet().length === before; i++) await pause(10)
  }

  await save(text("b"))
  await save(text("c"))
  t.equal(quiet().filter(({ signal }) => !signal.aborted).length, 1)
  for (const { end } of quiet()) end()
  while (seen.length === 0) await pause(10)
  await save(text("c"))
  for (const { end } of quiet()) end()
  await pause(50)
  await watch[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
  t.strictSame(seen, ["changed"])
})

await t.test("what was saved between the load and the watch isn't missed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "lockstep-watch-"))
  const path = await plainFile(folder)
  const config = await loadConfig(path, {})
  await writeFile(path, text("b"))
  const seen: Reload["kind"][] = []
  const watch = await watchConfig({
    path,
    config,
    environment: {},
    clock: systemClock,
    onReload: ({ kind }) => seen.push(kind),
    onError: (error) => t.fail(String(error)),
  })
  await watch[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
  t.strictSame(seen, ["changed"])
})
