"""What mypyc leaves out of the C that it writes: a weak reference ends with the object that it refers to.

Its deallocators leave the weak references of their objects as they are, and its collectors take the list of these
for an object that theirs owns (https://github.com/mypyc/mypyc/issues/1102). Either crashes the process later, once
a library, a debugger or a test refers weakly to an object of a compiled class.
"""

import re

_LIST = re.compile(
    r"^ *Py_(?:VISIT|CLEAR)\(\*\(\(PyObject \*\*\)\(\(char \*\)self \+ sizeof\(PyObject \*\) \+ sizeof\(\w+\)+;\n",
    re.M,
)
"""A statement about the list: it stands after the members of its class, and one pointer."""
_DEALLOCATOR = re.compile(r"^( *)static void\n *\w+_dealloc\(\w+ \*self\)\n *\{\n.*?^\1\}\n", re.M | re.S)
_CLEARS = re.compile(r"^ *\w+_clear(?:_\w+)?\(\(PyObject \*\)self\);\n", re.M)
"""Where a deallocator lets go of the members."""
_END = "    if (PyType_SUPPORTS_WEAKREFS(Py_TYPE(self))) PyObject_ClearWeakRefs((PyObject *)self);\n"


def with_weak_references(source: str) -> str:
    """The C `source` of mypyc, with what is left out. Raises `ValueError` for one of a form not known here."""
    ended, count = _DEALLOCATOR.subn(_ending, _LIST.sub("", source))
    if count != source.count(".tp_dealloc = "):
        raise ValueError("mypyc writes deallocators in another form")
    return ended


def _ending(deallocator: re.Match[str]) -> str:
    ended, count = _CLEARS.subn(lambda clears: _END + clears[0], deallocator[0], count=1)
    if count != 1:
        raise ValueError(f"mypyc writes this deallocator in another form: {deallocator[0]}")
    return ended
