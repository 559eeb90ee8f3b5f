import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { hostname } from "node:os"
import { join } from "node:path"
import t from "tap"
import { loadConfig } from "../../src/config/load.ts"
import { installationOf } from "../../src/cli/init.ts"
import { lockstep } from "./shell.ts"

const configAt = (folder: string) => loadConfig(join(folder, "lockstep.yaml"), {})

t.test("init writes a config that is valid, commented, and writes nothing to Prefect yet", async (t) => {
  const folder = t.testdir()
  const { code, out } = await lockstep(["init", "--url", "https://git.example.com/a/b.git"], { folder })
  t.equal(code, 0)
  t.match(out, /^Wrote lockstep\.yaml: it plans and writes nothing yet\.\nNext: {2}lockstep plan\n/)
  const { sources, workspaces } = await configAt(folder)
  t.match(sources, [{ apply: false, remote: { url: "https://git.example.com/a/b.git" } }])
  t.match(workspaces, [{ apiUrl: "http://127.0.0.1:4200/api", auth: { kind: "none" } }])
  t.ok((readFileSync(join(folder, "lockstep.yaml"), "utf8").match(/# /g)?.length ?? 0) > 10, "it explains itself")
})

for (const [origin, url] of [
  ["git@git.example.com:data/etl.git", "https://git.example.com/data/etl.git"],
  ["ssh://git@git.example.com:2222/data/etl.git", "https://git.example.com/data/etl.git"],
  ["https://ada:secret-token@git.example.com/data/etl.git", "https://git.example.com/data/etl.git"],
  ["/srv/git/etl.git", "https://git.example.com/data/analytics.git"],
] as const)
  t.test(`in a checkout of ${origin.replace(/:[^:@]+@/, ":…@")} init names ${url}`, async (t) => {
    const folder = t.testdir()
    execFileSync("git", ["init", "--quiet", folder])
    execFileSync("git", ["-C", folder, "remote", "add", "origin", origin])
    t.equal((await lockstep(["init"], { folder })).code, 0)
    t.equal((await configAt(folder)).sources[0]?.remote.url, url)
    t.notMatch(readFileSync(join(folder, "lockstep.yaml"), "utf8"), /secret-token/)
  })

t.test("for Prefect Cloud init asks for a key by reference", async (t) => {
  const folder = t.testdir()
  const environment = { PREFECT_API_URL: "https://api.prefect.cloud/api/accounts/a/workspaces/b" }
  await lockstep(["init"], { folder, environment })
  const [workspace] = (await configAt(folder)).workspaces
  t.match(workspace, { apiUrl: environment.PREFECT_API_URL, auth: { kind: "apiKey" } })
})

t.test("init never overwrites a file", async (t) => {
  const folder = t.testdir({ "lockstep.yaml": "mine" })
  const { code, err } = await lockstep(["init"], { folder })
  t.equal(code, 64)
  t.match(err, /lockstep\.yaml is there already/)
  t.equal(readFileSync(join(folder, "lockstep.yaml"), "utf8"), "mine")
})

t.test("init names the installation after the machine and the folder, so that it isn't everybody's", async (t) => {
  const folder = join(t.testdir(), "Data Team_7")
  mkdirSync(folder)
  await lockstep(["init"], { folder })
  const { installation } = await configAt(folder)
  t.match(installation, /-data-team-7$|^data-team-7$/)
  t.equal(installation, installationOf(hostname(), folder))
})

for (const [host, folder, expected] of [
  ["ci-1.example.com", "/srv/analytics", "ci-1-analytics"],
  ["localhost", "/srv/analytics", "analytics"],
  ["Büro", "/srv/Ñandú", "b-ro-and"],
  ["", "/", "lockstep"],
  ["h".repeat(80), "/x", "h".repeat(63)],
  ["h".repeat(62), "/x", "h".repeat(62)],
] as const)
  t.test(`on ${host.slice(0, 20)} in ${folder} that is ${expected.slice(0, 20)}`, async (t) => {
    t.equal(installationOf(host, folder), expected)
  })

t.test("init takes a name for the installation, and only one that a mark can bear", async (t) => {
  const folder = t.testdir()
  t.match(await lockstep(["init", "--installation", "Prod!"], { folder }), { code: 64, err: /--installation "Prod!"/ })
  t.equal((await lockstep(["init", "--installation", "acme-data"], { folder })).code, 0)
  t.equal((await configAt(folder)).installation, "acme-data")
})
