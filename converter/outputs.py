"""Turns kept tensors into output tensors, as the options ask: copied wherever nothing changes.

Pure, but for reading the adapter's small matrices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from converter.adapter import Adapter, read_adapter
from converter.architecture import FUSED_IN_VLLM, is_linear
from converter.checkpoint import StoredTensor
from converter.computed import ComputedRows, StoreAs
from converter.dtypes import payload_bytes
from converter.errors import SourceError
from converter.layout import EMBEDDING, LM_HEAD
from converter.options import KEEP_HEAD, Options, OptionsError
from converter.quantize import (
    BODY_SCHEMES,
    HEAD_SCHEMES,
    NIBBLES_PER_INT32,
    QuantizedRows,
    ScalesOfRows,
    Scheme,
)
from converter.recipes import Constant, Copy, OutputTensor, Recipe

LM_HEAD_TARGET = "re:.*lm_head"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """All output tensors in the order of the source's disk, and what the config must tell."""

    tensors: tuple[OutputTensor, ...]
    quantization: Mapping[str, Any] | None
    untied: bool
    adapter: Adapter | None


def plan_outputs(kept: Mapping[str, StoredTensor], options: Options, vocab_size: int) -> Outputs:
    """`vocab_size`: rows that embedding and head are cut to. Raises SourceError, OptionsError."""
    shapes = {name: tensor.shape for name, tensor in kept.items()}
    adapter = None if options.adapter is None else read_adapter(options.adapter, shapes)
    _check_adapter_on_tied(adapter, kept)
    maker = _Maker(kept=kept, options=options, adapter=adapter, vocab_size=vocab_size)
    untied = options.lm_head != KEEP_HEAD
    return Outputs(
        tensors=tuple(maker.all()),
        quantization=None if options.quantize is None else quantization_config(options),
        untied=untied,
        adapter=adapter,
    )


def _check_adapter_on_tied(adapter: Adapter | None, kept: Mapping[str, StoredTensor]) -> None:
    if adapter is not None and EMBEDDING in adapter.deltas and LM_HEAD not in kept:
        raise SourceError(
            f"{kept[EMBEDDING].path}: the adapter changes {EMBEDDING}, which the head is tied to; "
            "merge it by the program that trained it"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    kept: Mapping[str, StoredTensor]
    options: Options
    adapter: Adapter | None
    vocab_size: int

    def all(self) -> Iterator[OutputTensor]:
        head = HEAD_SCHEMES.get(self.options.lm_head)
        body = BODY_SCHEMES.get(self.options.quantize or "")
        for name, source in self.kept.items():
            if name == LM_HEAD and head is not None:
                continue
            module = name.removesuffix(".weight")
            if body is not None and is_linear(name) and not ignored(module, self.options.ignore):
                yield from self._quantized(name, source, body)
            else:
                yield self._plain(name, source)
        if head is not None:
            source = self.kept.get(LM_HEAD, self.kept[EMBEDDING])
            yield from self._quantized(LM_HEAD, source, head)

    def _rows(self, name: str, source: StoredTensor) -> ComputedRows:
        rows = source.shape[0]
        dtype = self.options.dtype or source.dtype
        return ComputedRows(
            source=source,
            rows=min(rows, self.vocab_size) if name in (EMBEDDING, LM_HEAD) else rows,
            dtype=dtype,
            encoder=StoreAs(dtype=dtype),
            delta=None if self.adapter is None else self.adapter.deltas.get(name),
        )

    def _plain(self, name: str, source: StoredTensor) -> OutputTensor:
        computed = self._rows(name, source)
        shape = (computed.rows, *source.shape[1:])
        same = (computed.dtype, shape, computed.delta) == (source.dtype, source.shape, None)
        recipe: Copy | Recipe = Copy(source=source) if same else computed
        return _tensor(name, computed.dtype, shape, recipe)

    def _quantized(self, name: str, source: StoredTensor, scheme: Scheme) -> Iterator[OutputTensor]:
        if scheme.group is not None:
            scheme = replace(scheme, group=self.options.group_size)
        computed = self._rows(name, source)
        rows, columns = computed.rows, source.shape[1]
        if columns % (scheme.group or 1):
            raise OptionsError(
                f"--group-size: {scheme.group} does not divide the {columns} columns of {name}"
            )
        # The embedding's own copy already shows its bytes to the source's digest.
        observes = not (name == LM_HEAD and LM_HEAD not in self.kept)
        encoder = QuantizedRows(scheme=scheme, scales=False)
        values = replace(computed, encoder=encoder, observes=observes)
        scales = replace(
            computed, encoder=QuantizedRows(scheme=scheme, scales=True), observes=False
        )
        base = name.removesuffix(".weight")
        width = columns // NIBBLES_PER_INT32 if scheme.packed else columns
        suffix = "weight_packed" if scheme.packed else "weight"
        yield _tensor(f"{base}.{suffix}", scheme.weight_dtype, (rows, width), values)
        shape = (rows, columns // (scheme.group or columns))
        yield _tensor(
            f"{base}.weight_scale",
            scheme.scale_dtype,
            shape,
            ScalesOfRows(
                computed=scales,
                remembered=encoder.remembered,
                nbytes=payload_bytes(scheme.scale_dtype, shape),
            ),
        )
        if scheme.packed:
            content = b"".join(number.to_bytes(8, "little") for number in (rows, columns))
            constant = Constant(source=source, content=content)
            yield _tensor(f"{base}.weight_shape", "I64", (2,), constant)


def _tensor(name: str, dtype: str, shape: tuple[int, ...], recipe: Copy | Recipe) -> OutputTensor:
    return OutputTensor(
        name=name, dtype=dtype, shape=shape, nbytes=payload_bytes(dtype, shape), recipe=recipe
    )


def ignored(module: str, patterns: tuple[str, ...]) -> bool:
    """Whether `module` is left unquantized: named in full, or matched from its start by `re:…`."""
    return any(
        re.match(pattern.removeprefix("re:"), module) is not None
        if pattern.startswith("re:")
        else pattern == module
        for pattern in patterns
    )


def check_ignore(patterns: tuple[str, ...], names: Mapping[str, StoredTensor]) -> None:
    """Refuses a pattern that matches nothing, or one layer of those that vLLM fuses into one."""
    modules = [name.removesuffix(".weight") for name in names if is_linear(name)]
    for pattern in patterns:
        try:
            hit = any(ignored(module, (pattern,)) for module in modules)
        except re.error as error:
            raise OptionsError(f"--ignore: {pattern} is no regular expression ({error})") from error
        if not hit:
            raise OptionsError(f"--ignore: {pattern} matches no linear layer")
    for module in modules:
        for fused in FUSED_IN_VLLM:
            if module.endswith(fused[0]):
                stem = module.removesuffix(fused[0])
                if len({ignored(stem + part, patterns) for part in fused}) > 1:
                    raise OptionsError(
                        f"--ignore: {stem}{{{', '.join(fused)}}} run as one layer, "
                        "ignore all of them or none"
                    )


def quantization_config(options: Options) -> dict[str, Any]:
    """`quantization_config` of config.json, in compressed-tensors' words.

    "Linear" alone does not reach the head in vLLM, which matches it by name.
    """
    body = _sized(BODY_SCHEMES[options.quantize or ""], options)
    groups = {"group_0": body.config_group(["Linear"])}
    ignore = list(options.ignore)
    if options.lm_head == KEEP_HEAD:
        ignore.append("lm_head")
    else:
        head = _sized(HEAD_SCHEMES[options.lm_head], options)
        if head == body:
            groups = {"group_0": body.config_group(["Linear", LM_HEAD_TARGET])}
        else:
            groups["group_1"] = head.config_group([LM_HEAD_TARGET])
    formats = {group["format"] for group in groups.values()}
    return {
        "quant_method": "compressed-tensors",
        "quantization_status": "compressed",
        "format": formats.pop() if len(formats) == 1 else "mixed-precision",
        "config_groups": groups,
        "ignore": ignore,
        "kv_cache_scheme": None,
    }


def _sized(scheme: Scheme, options: Options) -> Scheme:
    return scheme if scheme.group is None else replace(scheme, group=options.group_size)
