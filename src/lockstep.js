#!/usr/bin/env node
// Plain JavaScript that old Nodes can parse, so that this program can say that the Node is too old.
import { existsSync } from "node:fs"

const major = Number(process.versions.node.split(".")[0])
if (major < 24) {
  console.error(`lockstep needs Node.js 24 or newer; this is ${process.version} (${process.execPath})`)
  process.exit(69)
}
// In a checkout the sources run as they are; the npm package carries only dist, because Node strips no types below node_modules.
const source = new URL("./main.ts", import.meta.url)
await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href)
