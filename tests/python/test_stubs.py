"""The hand-written stub of the extension names what the extension has."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import tinynas as tn
from tinynas import _core

STUB = Path(tn.__file__).with_name("_core.pyi")
OF_TORCH = {"Supernet", "RawResult", "extend_search", "run_search"}


def public(names: set[str]) -> set[str]:
    return {name for name in names if not name.startswith("_")}


def members(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    named: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            named[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            named[node.target.id] = node
    return named


def test_stub_and_extension_have_the_same_names() -> None:
    stub = members(ast.parse(STUB.read_text()).body)
    missing = set() if tn.with_torch else OF_TORCH
    assert public(set(stub)) - missing == public(set(vars(_core)))
    for name, node in stub.items():
        if isinstance(node, ast.ClassDef) and name not in missing:
            ours = public(set(members(node.body)))
            assert ours == public(set(vars(getattr(_core, name)))), name


def test_argument_names_are_those_of_the_extension() -> None:
    """pybind11 writes each signature at the head of the docstring."""
    stub = members(ast.parse(STUB.read_text()).body)
    checked = 0
    for name, node in stub.items():
        owners = [(node, vars(_core).get(name))]
        if isinstance(node, ast.ClassDef) and hasattr(_core, name):
            methods = vars(getattr(_core, name))
            owners = [(m, methods.get(n)) for n, m in members(node.body).items()]
        for function, bound in owners:
            doc = getattr(bound, "__doc__", None)
            if not isinstance(function, ast.FunctionDef) or isinstance(bound, property) or not doc:
                continue
            signature = doc.splitlines()[0]
            arguments = [a.arg for a in function.args.args + function.args.kwonlyargs]
            for argument in arguments:
                named = f"({argument}:" in signature or f" {argument}:" in signature
                if argument != "self" and not function.name.startswith("__eq"):
                    assert named, f"{name}.{function.name}: {argument} is not in {signature}"
                    checked += 1
    assert checked > 40


def test_package_is_typed_and_exports_what_it_says() -> None:
    assert Path(tn.__file__).with_name("py.typed").is_file()
    for name in tn.__all__:
        assert hasattr(tn, name)
    if not tn.with_torch:
        with pytest.raises(tn.MissingTorchError, match="torch"):
            tn.search("stm32f746")
        with pytest.raises(tn.MissingTorchError, match="torch"):
            tn.Supernet()
