import { cpSync } from "node:fs"

/** The grammar isn't TypeScript, so the compiler leaves it behind. */
cpSync("src/render/python/tree-sitter-python.wasm", "dist/render/python/tree-sitter-python.wasm")
