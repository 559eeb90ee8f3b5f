import { cpSync, writeFileSync } from "node:fs"
import { commit } from "../../src/version.ts"

/** What the compiler leaves behind: the grammar isn't TypeScript, and a package has no `.git` to tell its commit. */
cpSync("src/render/python/tree-sitter-python.wasm", "dist/render/python/tree-sitter-python.wasm")
if (commit) writeFileSync("dist/COMMIT", `${commit}\n`)
