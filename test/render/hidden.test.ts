import t from "tap"
import type { Tree, TreeEntry } from "../../src/core/model.ts"
import { hiddenManifests } from "../../src/render/hidden.ts"
import { manifestPaths } from "../../src/render/index.ts"
import { desiredOf, flow, revision, type Files, type Settings } from "./desired.ts"

/** What stands where a manifest stood, or instead of what an entry names; a text is a regular file. */
const globs = { manifests: ["**/prefect.yaml"], exclude: ["old/**"] }

function treeOf(entries: Readonly<Record<string, TreeEntry["kind"]>>): Tree {
  const all = Object.entries(entries).map(([path, kind]) => [path, { oid: path, kind }] as const)
  return { revision, entries: new Map<string, TreeEntry>([["", { oid: "root", kind: "folder" }], ...all]) }
}

const lost = (tree: Tree, ...earlier: string[]) =>
  hiddenManifests({ tree, manifests: manifestPaths(tree, globs) }, earlier)

t.test("a manifest that was there and is hidden now is unreadable, with what hides it", (t) => {
  const hides: readonly (readonly [string, string, Readonly<Record<string, TreeEntry["kind"]>>, RegExp])[] = [
    ["its folder is a link", "b/prefect.yaml", { b: "symlink" }, /^b is a symbolic link/],
    ["its folder is a submodule", "b/prefect.yaml", { b: "submodule" }, /^b is a submodule/],
    ["a folder above is a link", "a/b/c/prefect.yaml", { a: "folder", "a/b": "symlink" }, /^a\/b is a symbolic link/],
    ["its folder is a file, as a link is where links can't be", "b/prefect.yaml", { b: "file" }, /^b is a file/],
    [
      "a folder has its name",
      "b/prefect.yaml",
      { b: "folder", "b/prefect.yaml": "folder" },
      /prefect.yaml is a folder/,
    ],
    ["another ending", "b/prefect.yaml", { b: "folder", "b/prefect.yml": "file" }, /^b\/prefect.yml looks like it/],
    ["another case", "prefect.yaml", { "Prefect.yaml": "file" }, /^Prefect.yaml looks like it/],
    ["case and ending", "b/prefect.yaml", { B: "folder", "B/PREFECT.YML": "file" }, /^B\/PREFECT.YML looks like it/],
    ["a blank in its name", "prefect.yaml", { "prefect.yaml ": "file" }, /looks like it/],
    ["a letter that looks the same", "prefect.yaml", { "ｐrefect.yaml": "file" }, /looks like it/],
    ["a link by another name", "prefect.yaml", { "prefect.yml": "symlink" }, /looks like it/],
  ]
  for (const [what, path, entries, message] of hides) {
    t.match(
      lost(treeOf(entries), path),
      [{ severity: "error", code: "manifest-unreadable", file: path, message }],
      what,
    )
  }
  t.end()
})

t.test("a manifest that is deleted, or moved to where it is read, is gone", (t) => {
  const gone: readonly (readonly [string, Readonly<Record<string, TreeEntry["kind"]>>])[] = [
    ["deleted", { b: "folder", "b/other.yaml": "file" }],
    ["deleted with its folder", { a: "folder" }],
    ["moved", { c: "folder", "c/prefect.yaml": "file" }],
    ["its folder renamed by case, where it is read", { B: "folder", "B/prefect.yaml": "file" }],
  ]
  for (const [what, entries] of gone) t.strictSame(lost(treeOf(entries), "b/prefect.yaml"), [], what)
  t.strictSame(lost(treeOf({ "b/prefect.yaml": "file" }), "b/prefect.yaml"), [], "still there")
  t.end()
})

const entry = (fields: object) => JSON.stringify({ deployments: [{ name: "d", work_pool: { name: "p" }, ...fields }] })
const manifest = entry({ entrypoint: "flow.py:my_flow" })

const codesOf = (files: Files, settings: Settings = {}) => {
  const { kind, problems, deployments } = desiredOf(files, settings)
  return { kind, codes: problems.map(({ code }) => code), keys: [...deployments.keys()] }
}

t.test("a link or a submodule where a manifest is looked for is unreadable, also the first time", (t) => {
  const good = { kind: "complete", codes: [], keys: ["my-flow/d"] }
  const files = { "prefect.yaml": manifest, "flow.py": flow }
  t.strictSame(codesOf(files), good)
  for (const kind of ["symlink", "submodule"] as const) {
    const partial = { ...good, kind: "partial", codes: ["manifest-unreadable"] }
    t.strictSame(codesOf(files, { entries: { "b/prefect.yaml": kind } }), partial, kind)
    t.strictSame(codesOf(files, { entries: { "b/other.yaml": kind } }), good, "elsewhere it is nobody's business")
  }
  t.end()
})

t.test("a flow file behind a link isn't read somewhere else instead", (t) => {
  const files = { "a/prefect.yaml": manifest, "flow.py": flow }
  t.match(codesOf(files), { kind: "complete" })
  const hands = { kind: "partial", codes: ["entrypoint-outside"], keys: [] }
  t.strictSame(codesOf(files, { entries: { "a/flow.py": "symlink" } }), hands)
  const below = { "a/prefect.yaml": entry({ entrypoint: "lib/flow.py:my_flow" }), "lib/flow.py": flow }
  t.match(codesOf(below), { kind: "complete" })
  t.strictSame(codesOf(below, { entries: { "a/lib": "symlink" } }), hands)
  t.strictSame(codesOf(below, { entries: { "a/lib": "submodule" } }), hands)
  const module = { "a/prefect.yaml": entry({ entrypoint: "lib.flow:my_flow" }), "lib/flow.py": flow }
  t.match(codesOf(module), { kind: "complete" })
  t.strictSame(codesOf(module, { entries: { "a/lib": "symlink" } }), hands)
  t.end()
})

t.test("what a manifest's path holds instead of one makes the source partial", (t) => {
  const texts: Readonly<Record<string, string>> = {
    "nothing at all": "",
    "blank lines": "\n \n",
    "a pointer of Git LFS": "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab\nsize 12345\n",
    "the text of a link": "../a/prefect.yaml",
    "the marks of a merge": "<<<<<<< HEAD\ndeployments: []\n=======\ndeployments: []\n>>>>>>> other\n",
    "a login page": "<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n",
    "zero bytes": "\0\0\0\0",
    "half of it": manifest.slice(0, manifest.length / 2),
    "no list": "deployments:\n",
  }
  for (const [what, text] of Object.entries(texts)) {
    t.match(codesOf({ "prefect.yaml": manifest, "flow.py": flow, "b/prefect.yaml": text }).kind, "partial", what)
  }
  for (const text of ["deployments: []\n", "# all of it is commented out\n"])
    t.match(codesOf({ "prefect.yaml": manifest, "flow.py": flow, "b/prefect.yaml": text }).kind, "complete", text)
  t.end()
})

t.test("a pattern that matches nothing is told, with what is there", (t) => {
  const files = { "a/prefect.yaml": manifest, "a/flow.py": flow, "b/readme.md": "" }
  const found = (source: Settings["source"], all: Files = files) => {
    const { kind, problems } = desiredOf(all, { source: { ...source } })
    return { kind, problems: problems.map(({ severity, code, message }) => `${severity} ${code}: ${message}`) }
  }
  const selecting = (selection: object) => ({
    selection: { manifests: ["**/prefect.yaml"], exclude: [], select: [], ...selection },
  })
  t.strictSame(found(selecting({ manifests: ["**/prefect.yml"] })), {
    kind: "complete",
    problems: [
      "error nothing-found: `manifests` (**/prefect.yml) matches no file of the repository; there is a/prefect.yaml",
    ],
  })
  t.strictSame(found(selecting({}), { "b/readme.md": "" }).problems, [
    "error nothing-found: `manifests` (**/prefect.yaml) matches no file of the repository; none of its 1 files is named like one",
  ])
  t.strictSame(found(selecting({ exclude: ["a/**"] })).problems.length, 1)
  t.strictSame(found(selecting({ select: ["etl/*", "x/*"] })).problems, [
    "error nothing-found: `select` (etl/*, x/*) matches none of the 1 there are: my-flow/d",
  ])
  t.strictSame(found(selecting({ select: ["my-*/d"] })).problems, [])
  t.strictSame(found(selecting({ select: ["x/*"] }), { "prefect.yaml": "deployments: []" }).problems, [])
  t.end()
})
