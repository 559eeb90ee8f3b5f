import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, rmSync } from "node:fs"
import { resolve } from "node:path"

/**
 * `npm test`: installs what the tests need (cached in .cache), runs them all, shows each failure in full and ends with
 * one line. Arguments name test files; none = all of them.
 */
const results = ".tap/results.tap"

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

/** Each failed assertion with its diagnostics, without the thousands that passed. */
function failures(tap: string): string {
  let show = false
  const lines = tap.split("\n").filter((line) => {
    if (/^ *not ok /.test(line)) show = true
    else if (/^ *(ok |# Subtest)/.test(line)) show = false
    return show
  })
  return lines.join("\n")
}

function count(totals: string, word: string): number {
  return Number(new RegExp(`${word}: (\\d+)`).exec(totals)?.[1] ?? 0)
}

// Compiled code of the daemons that tests start stays below the folder that Git ignores.
process.env["XDG_CACHE_HOME"] = resolve(".cache")
for (const version of ["3.8.8", "3.2.0"]) {
  must(`installing Prefect ${version}`, "bash", ["test/support/prefect/install.sh", version])
}
// The first `tap` after each `npm ci` builds its plugins and then fails, so they are built before (3 s).
must("building tap", "tap", ["build"])
rmSync(results, { force: true })
const status = run("tap", ["--reporter=silent", `--output-file=${results}`, ...process.argv.slice(2)])
const tap = existsSync(results) ? readFileSync(results, "utf8") : ""
const totals = tap.split("\n").findLast((line) => line.startsWith("# { total: ")) ?? ""
const [passed, failed] = [count(totals, "pass"), count(totals, "fail")]
if (status !== 0) console.log(failures(tap))
console.log(`${passed} passed, ${failed === 0 && status !== 0 ? 1 : failed} failed`)
process.exit(status === 0 && passed > 0 ? 0 : 1)
