import { execFile } from "node:child_process"
import { cpSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { promisify } from "node:util"
import t from "tap"
import type { openDaemon } from "../../src/daemon.ts"
import type * as translate from "../../src/prefect/translate.ts"
import { openWorld, project } from "../support/daemon.ts"
import { creation } from "../prefect/client.ts"

/** A field that servers will have one day takes one row in `core/fields.ts`, and nothing else. */
const row = `
  madeUp: field<string | null>({
    wire: "made_up",
    type: "text",
    letter: "z",
    default: null,
    reset: null,
    since: [99, 0, 0],
  }),`
const tableStart = "const table = {"

function sourceWithRow(folder: string): string {
  const src = join(folder, "src")
  cpSync("src", src, { recursive: true })
  cpSync("package.json", join(folder, "package.json"))
  const table = join(src, "core/fields.ts")
  const text = readFileSync(table, "utf8")
  if (!text.includes(tableStart)) throw new Error(`${table} has no ${tableStart}`)
  writeFileSync(table, text.replace(tableStart, tableStart + row))
  return src
}

const folder = t.testdir()
const src = sourceWithRow(folder)
const load = (file: string): Promise<unknown> => import(pathToFileURL(join(src, file)).href)
t.setTimeout(300_000)

await t.test("the compiler asks for nothing more", async () => {
  const settings = { extends: resolve("tsconfig.json"), include: ["src"] }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings))
  await promisify(execFile)(process.execPath, [resolve("node_modules/typescript/lib/tsc.js"), "--project", folder], {
    // Without what the test runner adds to every Node.
    env: { PATH: process.env["PATH"] },
  })
})

await t.test("servers of today aren't sent it, and people are told", async (t) => {
  await using world = await openWorld()
  const { openDaemon: open } = (await load("daemon.ts")) as { readonly openDaemon: typeof openDaemon }
  const repository = world.repository("new-field")
  repository.commit(project("new-field", { a: { made_up: "on" } }))
  const sources = [{ name: "main", url: repository.url }]
  await using daemon = await world.daemon({ installation: "new-field", sources, open })
  const told = [{ severity: "warning", code: "field-not-managed", message: /older than 99\.0\.0 and has no made_up/ }]
  t.match(await daemon.sync("main"), { state: "synced", problems: told })
  t.match((await world.deployments("new-field"))["a"], { paused: false })
  repository.commit(project("new-field", { a: { made_up: "off", description: "new" } }))
  t.match(await daemon.sync("main"), { state: "synced", problems: told })
  t.match((await world.deployments("new-field"))["a"], { description: "new" })
  repository.commit(project("new-field", { a: { made_up: "on", description: "new" } }))
  t.match(await daemon.sync("main"), { problems: told, lastTurn: { changes: { update: 0 } } }, "nor is it drift")
})

await t.test("a server that knows it is sent it under its name", async (t) => {
  const { createBody } = (await load("prefect/translate.ts")) as typeof translate
  const made = creation("f", "n", { madeUp: "on" } as object, [])
  t.match(createBody(made, "id", [99, 0, 0]), { made_up: "on" })
  t.notOk("made_up" in createBody(made, "id", [98, 9, 9]))
})
