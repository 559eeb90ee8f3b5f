import { spawnSync } from "node:child_process"
import { existsSync, globSync, readFileSync, rmSync } from "node:fs"
import { resolve } from "node:path"
import { diagnostics, failedTests, slowestFiles, totals } from "./tap-output.ts"

/**
 * `npm test`: installs what the tests need (cached in .cache), runs them all, shows each failure in full and ends with
 * one line. Arguments name test files; none = all of them. `npm run test:long` does the same with the files named
 * `*.long.ts`, each of which takes minutes.
 */
const [first, ...others] = process.argv.slice(2)
const long = first === "--long"
const named = long ? others : process.argv.slice(2)
const results = `.tap/${long ? "long" : "results"}.tap`
/** Of one file, on a machine that has other things to do. */
const longMaxSeconds = 3_600
const slowestShown = 10

/** Every server of the tests is on loopback, where a proxy of the environment leads nowhere. */
const direct = [process.env["NO_PROXY"] ?? process.env["no_proxy"], "127.0.0.1"].filter(Boolean).join(",")

function run(command: string, args: readonly string[]): number {
  const env = { ...process.env, NO_PROXY: direct, no_proxy: direct }
  const { status, error } = spawnSync(command, args, { stdio: "inherit", env })
  if (error) console.error(`${command}: ${error.message}`)
  return status ?? 1
}

function must(what: string, command: string, args: readonly string[]): void {
  if (run(command, args) === 0) return
  console.error(`${what} failed`)
  console.log("0 passed, 1 failed")
  process.exit(1)
}

/** What tap is asked to run: without names it finds the files of `.taprc` by itself. */
function chosen(): readonly string[] {
  if (!long) return named
  return [`--timeout=${longMaxSeconds}`, ...(named.length > 0 ? named : globSync("test/**/*.long.ts").toSorted())]
}

// Compiled code of the daemons that tests start stays below the folder that Git ignores.
process.env["XDG_CACHE_HOME"] = resolve(".cache")
// Every test file is a process of its own, which would compile the same modules again.
process.env["NODE_COMPILE_CACHE"] = resolve(".cache/compiled")
for (const version of ["3.8.8", "3.2.0"]) {
  must(`installing Prefect ${version}`, "bash", ["test/support/prefect/install.sh", version])
}
// The first `tap` after each `npm ci` builds its plugins and then fails, so they are built before (3 s).
must("building tap", "tap", ["build"])
rmSync(results, { force: true })
const status = run("tap", ["--reporter=silent", `--output-file=${results}`, ...chosen()])
const tap = existsSync(results) ? readFileSync(results, "utf8") : ""
const { passed, failed } = totals(tap)
if (status !== 0) {
  console.log(["failed:", ...failedTests(tap)].join("\n  "))
  console.log(diagnostics(tap))
}
console.log(["slowest:", ...slowestFiles(tap, slowestShown)].join("\n  "))
console.log(`${passed} passed, ${failed === 0 && status !== 0 ? 1 : failed} failed`)
process.exit(status === 0 && passed > 0 ? 0 : 1)
