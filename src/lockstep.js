#!/usr/bin/env node
// Plain JavaScript that old Nodes can parse, so that this program can say that the Node is too old.
import { existsSync } from "node:fs"
import module from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

const major = Number(process.versions.node.split(".")[0])
if (major < 24) {
  console.error(`lockstep needs Node.js 24 or newer; this is ${process.version} (${process.execPath})`)
  process.exit(69)
}
// Compiled code is kept, which halves the start. In the user's own folder: what lies in /tmp, anybody may have put there.
// Where there is none to write to, nothing happens; NODE_DISABLE_COMPILE_CACHE=1 turns it off.
if (!process.env.NODE_COMPILE_CACHE)
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "lockstep"))
// In a checkout the sources run as they are; the npm package carries only dist, because Node strips no types below node_modules.
const source = new URL("./main.ts", import.meta.url)
await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href)
