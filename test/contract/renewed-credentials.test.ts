import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import t from "tap"
import { systemClock } from "../../src/lib/clock.ts"
import { named, openWorld, project, until } from "../support/daemon.ts"

/** A credential runs out and is renewed in the file that the config names, as somebody types it or a Kubernetes volume does. */

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())
const folder = mkdtempSync(join(tmpdir(), "lockstep-credentials-"))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))
world.git.credentials = "git:new-token"

/** Says another token in the file; the first of them is the one that has run out. */
type Renew = (token: string) => void

const ways: Readonly<Record<string, (place: string) => { readonly path: string; readonly renew: Renew }>> = {
  "written in place": (place) => {
    const path = join(place, "token")
    return { path, renew: (token) => writeFileSync(path, token) }
  },
  "in a volume whose link is swapped": (place) => {
    let version = 0
    return {
      path: join(place, "token"),
      renew: (token) => {
        const data = `..version-${version++}`
        mkdirSync(join(place, data))
        writeFileSync(join(place, data, "token"), token)
        symlinkSync(data, join(place, "..next"))
        renameSync(join(place, "..next"), join(place, "..data"))
        if (version === 1) symlinkSync(join("..data", "token"), join(place, "token"))
      },
    }
  },
}

for (const [i, [way, prepare]] of Object.entries(ways).entries())
  await t.test(`a source that fails has a turn at once when its credential is renewed ${way}`, async (t) => {
    const name = `renewed-${i}`
    const place = join(folder, name)
    mkdirSync(place)
    const { path, renew } = prepare(place)
    renew("old-token")
    const repository = world.repository(name)
    const commit = repository.commit(project(name, named("one")))
    const other = join(folder, `other-${i}`)
    writeFileSync(other, "other-token")
    const credentials = (file: string) => ({ username: "git", password: { file } })
    const source = (called: string, file: string) => ({
      name: called,
      url: repository.url,
      credentials: credentials(file),
    })
    await using daemon = await world.daemon({
      installation: name,
      clock: { ...systemClock, random: () => 0.99 },
      sources: [source("main", path), source("elsewhere", other)],
    })
    for (const one of ["main", "elsewhere"])
      await until("refused", async () => (await daemon.status(one)).failure?.stage === "git")
    renew("new-token")
    await until("applied", async () => (await daemon.status("main")).revision.applied === commit)
    t.match((await daemon.status("main")).lastTurn, { outcome: "converged", trigger: "config" })
    t.match(await daemon.status("elsewhere"), { lastTurn: { trigger: /start|retry/ }, revision: { applied: null } })
  })
