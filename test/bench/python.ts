import { FlowReader } from "../../src/python/flow-reader.ts"

/**
 * Reads 1,000 flow files of 200 lines each, then what would take a careless reader minutes: `npm run bench:python`.
 * CPU seconds of this process, and its memory at the end.
 */
const flow = "from prefect import flow\n"
const define = (parameters: string) => `@flow\ndef my_flow(${parameters}): pass\n`

function cpuOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

function ordinary(index: number): string {
  const body = Array.from({ length: 175 }, (_, line) => `    total_${line} = load(day, ${line}) + limit`)
  return [
    "import pandas as pd",
    "from datetime import date",
    "from typing import Optional",
    "from prefect import flow, task",
    "from pydantic import BaseModel, Field",
    `NAME = "load-${index}"`,
    "class Settings(BaseModel):",
    '    """How to load."""',
    "    size: int = Field(100, ge=1, description='rows a batch')",
    "    tags: list[str] = []",
    "@task",
    "def load(day, number): return number",
    "@flow(name=NAME)",
    `def my_flow(day: date, limit: Optional[int] = ${index}, settings: Settings = Settings()):`,
    '    """Loads a day.',
    "",
    "    Args:",
    "        day: The day.",
    "        limit: At most so many.",
    '    """',
    ...body,
    "    return total_1",
    "",
  ].join("\n")
}

const many = (length: number, text: (index: number) => string, separator: string) =>
  Array.from({ length }, (_, index) => text(index)).join(separator)
const hostile: Readonly<Record<string, string>> = {
  "200,000 brackets": `${flow}A = ${"[".repeat(200_000)}${"]".repeat(200_000)}\n${define("x=A")}`,
  "an annotation 20,000 deep": `${flow}${define(`x: ${"list[".repeat(20_000)}int${"]".repeat(20_000)}`)}`,
  "a union of 30,000": `${flow}from typing import *\n${define(`x: Union[${many(30_000, (i) => `Literal[${i}]`, ", ")}]`)}`,
  "a Literal of 60,000": `${flow}from typing import Literal\n${define(`x: Literal[${many(60_000, (i) => `"v${i}"`, ", ")}]`)}`,
  "an alias bomb": `${flow}A0 = tuple[int, int]\n${many(150, (i) => `A${i + 1} = tuple[A${i}, A${i}, A${i}]`, "\n")}\n${define("x: A150")}`,
  "models within models": `${flow}from pydantic import BaseModel\nclass M0(BaseModel): pass\n${many(60, (i) => `class M${i + 1}(BaseModel):\n    a: M${i} = M${i}()\n    b: M${i} = M${i}()`, "\n")}\n${define("x: M60 = M60()")}`,
  "a dictionary bomb": `${flow}A0 = {1: 2}\n${many(100, (i) => `A${i + 1} = {**A${i}, 'k${i}': [A${i}, A${i}]}`, "\n")}\n${define("x=A100")}`,
  "40,000 parameters": `${flow}${define(many(40_000, (i) => `p${i}: int = ${i}`, ", "))}`,
  "an enum of 20,000": `${flow}from enum import Enum\nclass E(Enum):\n${many(20_000, (i) => `    M${i} = "v${i}"`, "\n")}\n${define("x: E, y=E.M5")}`,
  "60,000 assignments": `${flow}${many(60_000, (i) => `A${i} = ${i}`, "\n")}\n${define("x=A5")}`,
  "a docstring of 700 kB": `${flow}@flow\ndef my_flow(a):\n    """${"x: \t".repeat(180_000)}"""\n`,
}

const reader = new FlowReader()
const files = Array.from({ length: 1_000 }, (_, index) => ordinary(index))
let decided = 0
const seconds = cpuOf(() => {
  for (const text of files) decided += readText(text) === "decided" ? 1 : 0
})
console.log(`1,000 files of 200 lines: ${seconds.toFixed(2)} s of CPU, ${decided} decided`)
for (const [name, text] of Object.entries(hostile)) {
  let outcome = ""
  const taken = cpuOf(() => {
    outcome = readText(text)
  })
  console.log(`${name} (${Math.round(text.length / 1024)} KiB): ${taken.toFixed(2)} s, ${outcome}`)
}
console.log(`memory: ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`)

function readText(text: string): string {
  const reading = reader.read("f.py", "my_flow", (path) =>
    path === "f.py" ? { kind: "text", text } : { kind: "missing" },
  )
  if (reading.kind === "problem") return reading.problem.code
  return reading.kind === "facts" && reading.facts.schema.decided ? "decided" : "undecided"
}
