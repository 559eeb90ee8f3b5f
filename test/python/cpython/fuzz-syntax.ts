import { globSync, readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { Dice } from "../../support/dice.ts"
import { installPrefect } from "../prefect.ts"
import { askCPython } from "./cpython.ts"
import { damaged } from "./damage.ts"
import { difference, outlineOf } from "./outline.ts"
import { read } from "./read.ts"

/**
 * A campaign: `npm run fuzz:syntax -- --runs 50000 --seed 1 --python python3.13 --folder /usr/lib/python3.13`. Reads every
 * `.py` below the folder and as many damaged pieces of those files as asked for, and compares with what CPython makes of
 * them. Best with a Python of 3.12 or newer: before, f-strings had other rules.
 */
const { python: installed, packages } = installPrefect()
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
    python: { type: "string", default: installed },
    folder: { type: "string", default: packages },
  },
})
const shownMax = 20

const files = globSync("**/*.py", { cwd: values.folder })
  .map((file) => `${values.folder}/${file}`)
  .filter((file) => !readFileSync(file, "utf8").includes("\uFFFD"))
const mistakes: string[] = []

for (const [index, answer] of askCPython(
  values.python,
  files.map((path) => ({ path })),
).entries()) {
  const path = files[index] ?? ""
  const { module, error } = read(readFileSync(path, "utf8"))
  const outline = answer.outline ?? null
  if ((error === null) !== (answer.error === null)) mistakes.push(`${path}: CPython ${answer.error}, here ${error}`)
  const found = module && outline && difference(outline, outlineOf(module))
  if (found !== null) mistakes.push(`${path}: ${found}`)
}
console.log(`${files.length} files read, ${mistakes.length} differently`)

const dice = new Dice(Number(values.seed))
const texts: string[] = []
while (texts.length < Number(values.runs)) texts.push(...damaged(dice, readFileSync(dice.pick(files), "utf8")))
const answers = askCPython(
  values.python,
  texts.map((text) => ({ text })),
)
const wrong = texts.flatMap((text, index) => {
  const theirs = answers[index]?.error ?? null
  const ours = read(text).error
  return (theirs === null) === (ours === null) ? [] : [`CPython ${theirs}, here ${ours}:\n${text}`]
})
const refused = answers.filter(({ error }) => error !== null).length
console.log(`${texts.length} damaged pieces, ${refused} refused by CPython, ${wrong.length} judged differently`)
for (const mistake of [...mistakes, ...wrong].slice(0, shownMax)) console.log(`\n${mistake}`)
if (mistakes.length + wrong.length > 0) process.exitCode = 1
