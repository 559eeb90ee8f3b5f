import { spawnSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { commit } from "../../src/version.ts"

/** What the compiler leaves out: a package has no `.git` to tell its commit. */
// Git itself knows it in a linked work tree too, where `.git` is a file.
const head = spawnSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" })
const built = head.status === 0 ? head.stdout.trim() : commit
if (built) writeFileSync("dist/COMMIT", `${built}\n`)
