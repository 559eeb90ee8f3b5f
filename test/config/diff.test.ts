import t from "tap"
import { diffConfig } from "../../src/config/config.ts"
import { parseConfig } from "../../src/config/load.ts"

const config = (text: string) => parseConfig(text, "/etc/lockstep.yaml", {})
const base = `installation: a
workspaces: [{ name: v, apiUrl: "http://v/api" }, { name: w, apiUrl: "http://w/api" }]
defaults: { workspace: w }
sources:
  - { name: one, url: https://a/one }
  - { name: two, url: https://a/two, workspace: v }
`

await t.test("what a new config changes is named, and nothing else", async (t) => {
  const table: [string, string, object][] = [
    ["nothing", base, {}],
    ["a comment and the order", base.replace(/( {2}- .*one.*\n)(.*\n)/, "# c\n$2$1"), {}],
    ["a default said aloud", base.replace("/one }", "/one, interval: 60s }"), {}],
    ["a source more", `${base}  - { name: three, url: https://a/three }\n`, { added: ["three"] }],
    ["a source less", base.replace(/.*two.*\n/, ""), { removed: ["two"] }],
    ["a renamed source", base.replace("name: two", "name: deux"), { added: ["deux"], removed: ["two"] }],
    ["a source's setting", base.replace("/one }", "/one, apply: false }"), { changed: ["one"] }],
    ["a default", base.replace("{ workspace: w }", "{ workspace: w, interval: 2m }"), { changed: ["one", "two"] }],
    ["a workspace", base.replace("http://v/api", "http://v2/api"), { changedWorkspaces: ["v"] }],
    ["a workspace more", base.replace("[{", '[{ name: x, apiUrl: "http://x/api" }, {'), { changedWorkspaces: ["x"] }],
    ["the installation", base.replace("installation: a", "installation: b"), { installationChanged: true }],
    ["the folder", `${base}stateDir: /tmp/x\n`, { stateDirChanged: true }],
  ]
  const nothing = {
    added: [],
    removed: [],
    changed: [],
    changedWorkspaces: [],
    installationChanged: false,
    stateDirChanged: false,
  }
  for (const [name, text, expected] of table) {
    const { added, removed, changed, ...rest } = diffConfig(config(base), config(text))
    const names = {
      added: added.map(({ name }) => name),
      removed: removed.map(({ name }) => name),
      changed: changed.map(({ after }) => after.name),
    }
    t.strictSame({ ...names, ...rest }, { ...nothing, ...expected }, name)
  }
})
