import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import t, { type Test } from "tap"
import { codeFrame } from "../../src/cli/code-frame.ts"
import { render } from "./eyes.ts"
import { lockstep } from "./shell.ts"

/** A checkout with these files, and `lockstep validate` run in it. */
function checkout(t: Test, files: Readonly<Record<string, string>>) {
  const folder = t.testdir({})
  for (const [path, text] of Object.entries({ ".git/HEAD": "ref: refs/heads/main\n", ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return (...argv: string[]) => lockstep(["validate", ...argv], { folder, openRender: async () => render })
}

t.test("manifests without a problem end with 0 and a count", async (t) => {
  const validate = checkout(t, { "prefect.yaml": "a/b\na/c\n", "team/prefect.yaml": "d/e\n" })

  t.strictSame(await validate("."), { code: 0, out: "2 manifests, 3 deployments: no problem.\n", err: "" })
})

t.test("every problem is shown with its place and the lines there, and ends with 1", async (t) => {
  const validate = checkout(t, { "team/prefect.yaml": "a/b\n!a/c\n" })

  t.strictSame(await validate("team"), {
    code: 1,
    out: `team/prefect.yaml:2:2: error: a/c is wrong [bad]
    1 | a/b
  > 2 | !a/c
      |  ^

1 manifest, 2 deployments: 1 error, 0 warnings.
`,
    err: "",
  })
})

t.test("what only the config knows is a warning, and none when it is given", async (t) => {
  const validate = checkout(t, { "prefect.yaml": "a/b\n$STAGE\n" })

  const without = await validate(".")
  t.equal(without.code, 0)
  t.match(without.out, "prefect.yaml:2:2: warning: STAGE is wrong [env-missing]")
  t.strictSame(await validate(".", "--env", "STAGE=prod"), {
    code: 0,
    out: "1 manifest, 1 deployment: no problem.\n",
    err: "",
  })
})

t.test("--source reads with the settings of that source", async (t) => {
  const validate = checkout(t, {
    "prefect.yaml": "a/b\n$STAGE\n",
    "lockstep.yaml":
      'installation: test\nsources:\n  - { name: analytics, url: "https://git.example.com/a.git", env: { STAGE: prod } }\n',
  })

  t.equal((await validate(".", "--source", "analytics")).out, "1 manifest, 1 deployment: no problem.\n")
  t.match(await validate(".", "--source", "other"), { code: 64, err: 'error: the config has no source "other"\n' })
})

t.test("--json holds the same", async (t) => {
  const validate = checkout(t, { "prefect.yaml": "!a/c\n" })

  const { code, out } = await validate(".", "--json")

  t.equal(code, 1)
  t.strictSame(JSON.parse(out), {
    manifests: ["prefect.yaml"],
    deployments: 1,
    problems: [{ severity: "error", code: "bad", message: "a/c is wrong", file: "prefect.yaml", line: 1, column: 2 }],
  })
})

t.test("nothing to check is an error, and so is a path that isn't there", async (t) => {
  const validate = checkout(t, { "README.md": "" })

  t.match(await validate("."), { code: 1, err: "error: no prefect.yaml at or below .\n" })
  t.match(await validate("gone"), { code: 1, err: /gone: there is no such file or folder\n$/ })
})

t.test("a code frame shows the line before, the line and a caret, and cuts what is far to the right", async (t) => {
  t.strictSame(codeFrame("one\ntwo\nthree", 2, 3), ["  1 | one", "> 2 | two", "    |   ^"])
  t.strictSame(codeFrame("one", 1, undefined), ["> 1 | one"])
  t.strictSame(codeFrame("one", 2, 1), [])
  const [line = "", caret = ""] = codeFrame(`${"x".repeat(200)}!`, 1, 201)
  t.equal(line[caret.indexOf("^")], "!")
})
