import type { Case } from "./cases.ts"

const header = "from prefect import flow\n"

/** Values that other code changes or binds before the flow is made: what is decided must be what they are then. */
export const changed: readonly Case[] = [
  ...[
    ["a second name", 'A = {"a": 1}\nB = A\nB["a"] = 5'],
    ["a second name in a function", 'A = {"a": 1}\ndef f():\n    o = A\n    o.update(a=2)\nf()'],
    ["`+=` through a second name", "A = [1]\nB = A\nB += [2]"],
    ["`|=` through a second name", "A = {1}\nB = A\nB |= {2}"],
    ["a part of another", 'A = [1]\nB = {"k": A}\nC = B["k"]\nC.append(2)'],
    ["an item of a sum", "A = [[1]]\nB = A + []\nB[0].append(2)"],
    ["an item of a comprehension", "A = [[1]]\nB = [a for a in A]\nB[0].append(2)"],
    ["a loop over a list of it", "A = {'n': 1}\nALL = [A]\nfor c in ALL: c['n'] = 9"],
    ["a call that gets a list of it", "A = [1]\ndef go(w): w.append(2)\nW = (A,)\ngo(W[0])"],
    ["the method of its class", "A = [1]\ndef f(): list.append(A, 2)\nf()"],
    ["a name of the same letters in full width", "ab = [1]\ndef g(x): x.append(2)\ng(ａb)\nA = ab"],
    ["a special method", "A = [1]\ndef f(): A.__setitem__(0, 2)\nf()"],
    ["globals()", "A = 1\nglobals()['A'] = 2"],
    ["globals() in a function", "A = 1\ndef f(n): globals()[n] = 2\nf('A')"],
    ["exec", "A = 1\nexec('A = 2')"],
    ["setattr on the module", "import sys\nA = 1\nsetattr(sys.modules[__name__], 'A', 2)"],
    [
      "a block that ends early",
      `from contextlib import contextmanager\nA = 1\n@contextmanager\ndef safely():\n    try: yield\n    except ImportError: pass\nwith safely():\n    import missing_module\n    A = 2`,
    ],
  ].map(([title = "", code = ""]) =>
    one(`changed by ${title}`, { "flows.py": `${header}${code}\n@flow\ndef my_flow(x=A): pass\n` }),
  ),
  ...[
    ["a function", "def setup(): S.R = 5\nsetup()"],
    ["a second name", "T = S\nT.R = 5"],
    ["the body of another class", "class T: S.R = 5"],
    ["its list in place", "S.L.append(2)"],
    ["a call that gets its list", "def g(x): x.append(3)\ng(S.L)"],
  ].map(([title = "", code = ""]) =>
    one(`a class constant changed by ${title}`, {
      "flows.py": `${header}class S:\n    R = 1\n    L = [1]\n${code}\n@flow\ndef my_flow(x=S.R, y=S.L): pass\n`,
    }),
  ),
  one("a class that sets its own constants", {
    "flows.py": `${header}class S:\n    R = 1\n    @classmethod\n    def configure(cls, n): cls.R = n\nS.configure(5)\n@flow\ndef my_flow(x=S.R): pass\n`,
  }),
  ...[
    ["if", "if True:\n    from prod import *\nelse:\n    from dev import *"],
    ["an if that doesn't hold", "from prod import *\nif 1 > 2:\n    from dev import *"],
    ["try", "from prod import *\ntry:\n    from broken import *\nexcept ImportError: pass"],
    ["a loop that never runs", "from prod import *\nfor i in []:\n    from dev import *"],
    ["match", "match 1:\n    case 1:\n        from prod import *\n    case _:\n        from dev import *"],
    ["with", "import contextlib\nfrom prod import *\nwith contextlib.suppress(ImportError):\n    from broken import *"],
  ].map(([title = "", code = ""]) =>
    one(`all names of a module, below ${title}`, {
      "prod.py": "DB = 'prod'\n",
      "dev.py": "DB = 'dev'\n",
      "broken.py": "DB = 'broken'\nimport missing_module\n",
      "flows.py": `${header}${code}\n@flow\ndef my_flow(x=DB): pass\n`,
    }),
  ),
  ...[
    ["a property called value", "    @property\n    def value(self): return self.a"],
    ["a property called name", "    @property\n    def name(self): return self.a"],
    ["a constructor that sets it", "    def __init__(self, *a): self._value_ = 'x'"],
  ].map(([title = "", code = ""]) =>
    one(`an enum with ${title}`, {
      "flows.py": `${header}from enum import Enum\nclass T(Enum):\n    U = ("u", "id")\n    a = property(lambda self: "p")\n${code}\n@flow\ndef my_flow(x: T = T.U): pass\n`,
    }),
  ),
]

function one(title: string, files: Readonly<Record<string, string>>): Case {
  return { title, files, path: "flows.py", object: "my_flow", decided: false }
}
