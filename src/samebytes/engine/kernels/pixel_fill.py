"""The loops over a batch whose pixels pass through stages: load a line, change it, write it.

One version is compiled for each (source dtype, output dtype, dtype of the lines). What is read, and
where it is written, is described as for `fill_chunk`. Between the two lies a line of floats, with
channels last and in the units of the source: `load_line` fills it, `run_stages` changes it,
`write_line` writes it. What fills it otherwise (from other rows, say) takes the place of the first.
"""

# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202 - what Numba compiles is typed by Numba

from __future__ import annotations

import numpy as np

from samebytes.engine.kernels.fill import PREFETCH_BYTES, PREFETCH_ROWS, unowned
from samebytes.engine.kernels.intrinsics import LINE, fence, line_at, load, prefetch, store
from samebytes.engine.kernels.jit import compiled
from samebytes.engine.kernels.lines import (
    can_stream,
    convert_line,
    gather_line,
    scatter_line,
    stream_line,
    swap_line,
)
from samebytes.engine.kernels.neighbours import (
    begin_rows,
    blur_row,
    find_levels,
    ring_row,
    rows_wanted,
)
from samebytes.engine.kernels.pixels import look_up_line, run_stages
from samebytes.plan.stages import LOOKUP, MOST_LEVELS

__all__ = ["fill_pixels", "measure_pixels"]

STATE = 3 * MOST_LEVELS + 1
"""What is known of the rings of a sample: three numbers of each, and how many there are."""


@compiled()
def load_line(address, steps, packed, swapped, lines_in, program, at, line):
    """Fill a line of floats with source items, from `address` on, or with what these become.

    `steps` are those of pixels and channels in bytes, and the number of channels. `lines_in` is
    room for two lines of items. Stage `at` of the program is the first of the sample.
    """
    count = line.shape[0]
    if packed:
        source = line_at(address, count, lines_in)
    else:
        source = line_at(lines_in.ctypes.data, count, lines_in)
        spare = lines_in.ctypes.data + count * lines_in.itemsize
        gather_line(address, steps[0], steps[1], steps[2], source, spare)
        if swapped:
            swap_line(source)
    kinds, places, _, numbers, table, count, size = program
    if count > 0 and kinds[at] == LOOKUP:
        place, apart = places[2 * at], places[2 * at + 1]
        look_up_line(source, np.int64(numbers[at * size]), steps[2], table, place, apart, line)
    else:
        convert_line(source, None, None, None, None, None, line)


@compiled()
def unowned_program(program):
    """Return a program without the owners of its arrays, see `fill_chunk`."""
    kinds, places, frames, numbers, table, count, size = program
    arrays = unowned(kinds), unowned(places), unowned(frames), unowned(numbers), unowned(table)
    return (*arrays, count, size)


@compiled()
def write_line(line, channels, target, layout, streaming, plane, finished):
    """Write a line of floats where it belongs in the output.

    `layout` has the steps of pixels and channels in bytes. `plane` is room for two channels of a
    line, `finished` for a line of output items.
    """
    out_x, out_c = layout
    out_item, item = finished.itemsize, line.itemsize
    # One channel at a time where the output has each of them together, all at a time elsewhere.
    planar = channels > 1 and out_x == out_item
    groups, inner = (channels, 1) if planar else (1, channels)
    no_tables = False
    count = line.shape[0] // groups
    contiguous = out_x == inner * out_item and (inner == 1 or out_c == out_item)
    for g in range(groups):
        part = line_at(line.ctypes.data, count, line)
        if planar:
            part = line_at(plane.ctypes.data, count, line)
            spare = plane.ctypes.data + count * item
            gather_line(line.ctypes.data + g * item, channels * item, item, 1, part, spare)
        place = target + g * out_c
        if streaming and contiguous and can_stream(line, None, finished):
            asked = part.ctypes.data  # which is in the cache: nothing is asked for
            stream_line(place, part, None, None, None, None, None, asked, no_tables, finished)
            continue
        written = line_at(place if contiguous else finished.ctypes.data, count, finished)
        convert_line(part, None, None, None, None, None, written)
        if not contiguous:
            scatter_line(written, place, out_x, out_c, inner)


@compiled()
def _load_row(source_table, read, j, y, ahead, lines_in, swapped, line):
    """Fill a line with row `y` of sample `j`, and ask for row `ahead`.

    This is where lines come from: what reads other than by a load of items takes its place.
    """
    places, geometry, geometry_step, program, stage_step = read
    step_y, step_x, step_c = source_table[6:9]
    here, item = j * geometry_step, lines_in.itemsize
    y0, y_step = geometry[here, 0], geometry[here, 1]
    x0, x_step = geometry[here, 2], geometry[here, 3]
    channels = source_table[4]
    width = line.shape[0] // channels
    pixel_step = x_step * step_x
    packed = not swapped and pixel_step == channels * item and (channels == 1 or step_c == item)
    first = source_table[0] + places[j] + x0 * step_x
    row_bytes = width * abs(step_x)
    coming = first + (y0 + ahead * y_step) * step_y - (row_bytes if x_step < 0 else 0)
    for byte in range(0, min(row_bytes, PREFETCH_BYTES), LINE):
        prefetch(coming + byte)
    address = first + (y0 + y * y_step) * step_y
    at = j * stage_step
    load_line(address, (pixel_step, step_c, channels), packed, swapped, lines_in, program, at, line)


@compiled()
def _begin_sample(read, j, top, rows):
    """Make ready for the rows of a sample from `top` on."""
    state = rows[1]
    levels = find_levels(read[3], j * read[4], state)
    state[3 * MOST_LEVELS] = levels
    begin_rows(state, levels, top)


@compiled()
def make_line(source_table, read, j, y, ahead, height, lines_in, swapped, rows, line):
    """Fill a line with row `y` of what sample `j` is read as, after its stages.

    `rows` are the rings of neighbours, what is known of them, how many rows each holds, and a line
    to work in.
    """
    rings, state, room, work = rows
    program, at = read[3], j * read[4]
    channels, stages, size = source_table[4], program[5], program[6]
    count, levels = line.shape[0], state[3 * MOST_LEVELS]
    numbers = program[3]
    if levels == 0:
        _load_row(source_table, read, j, y, ahead, lines_in, swapped, line)
        run_stages(line, channels, program, at, 0, stages, y)
        return
    begin = 0
    for level in range(levels):
        end, last = state[level], rows_wanted(state, levels, level, y, height)
        while state[2 * MOST_LEVELS + level] <= last:
            row = state[2 * MOST_LEVELS + level]
            filled = ring_row(rings, level, row, room, count)
            if level == 0:
                _load_row(source_table, read, j, row, row, lines_in, swapped, filled)
            else:
                first = (at + begin - 1) * size
                facts = room, height, channels, numbers, first, work
                blur_row(rings, level - 1, row, *facts, filled)
            run_stages(filled, channels, program, at, begin, end, row)
            state[2 * MOST_LEVELS + level] = row + 1
        begin = end + 1
    first = (at + begin - 1) * size
    blur_row(rings, levels - 1, y, room, height, channels, numbers, first, work, line)
    run_stages(line, channels, program, at, begin, stages, y)


@compiled()
def _unowned_read(read):
    """Return what to read by, without the owners of its arrays."""
    places, geometry, geometry_step, program, stage_step = read
    return unowned(places), geometry, geometry_step, unowned_program(program), stage_step


@compiled()
def _blend(line, other, left, right, share):
    """Mix a part of another line into a line."""
    for k in range(left, right):
        value = load(line, k)
        store(line, k, value + (load(other, k) - value) * share)


@compiled(cache=True)
def fill_pixels(
    source_table,
    out_table,
    read,
    partner,
    program_after,
    step_after,
    shares,
    boxes,
    lines_in,
    lines,
    room,
    line_out,
    start,
    stop,
    ends,
    apart,
    blocks,
    swapped,
    streaming,
):
    """Fill units `start` to `stop` of a batch, as `fill_chunk` does, through stages.

    `read` has what a sample is read by: places, geometry, rows of it from sample to sample, the
    program and its stages from sample to sample. Where there are `shares`, that much of its
    `partner` is mixed in, within `boxes`, before the stages of a last program. `lines` has room for
    three lines and two channels of one, and, behind them, for two times rings of `room` rows of
    neighbours. Nothing is checked here.
    """
    out_base, _, out_height, out_width, channels = out_table[0:5]
    out_n, out_y, out_x, out_c = out_table[5:9]
    count = out_width * channels
    # Without their owners, whose references are counted at every call (see `fill_chunk`).
    gathered, finished, all_lines = unowned(lines_in), unowned(line_out), unowned(lines)
    mine, theirs = _unowned_read(read), _unowned_read(partner)
    after = unowned_program(program_after)
    line = line_at(all_lines.ctypes.data, count, all_lines)
    other = line_at(all_lines.ctypes.data + count * lines.itemsize, count, all_lines)
    work = line_at(all_lines.ctypes.data + 2 * count * lines.itemsize, count, all_lines)
    rest = all_lines.ctypes.data + 3 * count * lines.itemsize
    plane = line_at(rest, 2 * out_width, all_lines)
    rest += 2 * out_width * lines.itemsize
    each = (all_lines.shape[0] - 3 * count - 2 * out_width) // 2
    states = np.zeros(2 * STATE, np.int64)
    state = line_at(states.ctypes.data, STATE, states)
    rows = line_at(rest, each, all_lines), state, room, work
    state = line_at(states.ctypes.data + STATE * states.itemsize, STATE, states)
    their_rows = line_at(rest + each * lines.itemsize, each, all_lines), state, room, work
    one = np.empty(1, lines.dtype)

    batch, before = 0, 0
    last = (stop - 1) // blocks
    for j in range(start // blocks, last + 1):
        top = max(start - j * blocks, 0) * out_height // blocks
        bottom = min(stop - j * blocks, blocks) * out_height // blocks
        while j >= ends[batch]:
            before = ends[batch]
            batch += 1
        beginning = out_base + batch * apart + (j - before) * out_n
        mixes = len(shares) > 0
        _begin_sample(mine, j, top, rows)
        if mixes:
            _begin_sample(theirs, j, top, their_rows)
        for y in range(top, bottom):
            ahead = min(y + PREFETCH_ROWS, bottom - 1)
            make_line(source_table, mine, j, y, ahead, out_height, gathered, swapped, rows, line)
            if mixes:
                if boxes[j, 0] <= y < boxes[j, 1] and boxes[j, 2] < boxes[j, 3]:
                    facts = out_height, gathered, swapped, their_rows
                    make_line(source_table, theirs, j, y, ahead, *facts, other)
                    left, right = boxes[j, 2] * channels, boxes[j, 3] * channels
                    one[0] = shares[j]
                    _blend(line, other, left, right, one[0])
                run_stages(line, channels, after, j * step_after, 0, after[5], y)
            target = beginning + y * out_y
            write_line(line, channels, target, (out_x, out_c), streaming, plane, finished)
    if streaming:
        fence()


@compiled(cache=True)
def measure_pixels(  # noqa: C901 - a list of cases
    source_table,
    read,
    height,
    width,
    lines_in,
    lines,
    room,
    sums,
    swapped,
    what,
    found,
):
    """Measure every channel of what the stages of each sample make.

    `found`, of shape (samples, channels, count), is set to: the mean, if `count` is 1; the lowest
    and the highest value, if it is 2; else to how many values there are at each of so many levels,
    of which `what` says the lowest, and how many there are a unit. `sums` has two places for each
    item of a line: so adding is vectorised and never reordered. `lines` has room for two lines, and
    for rings of `room` rows of neighbours.
    """
    _, channels, kept = found.shape
    count = width * channels
    line = line_at(lines.ctypes.data, count, lines)
    work = line_at(lines.ctypes.data + count * lines.itemsize, count, lines)
    rings = line_at(work.ctypes.data + count * lines.itemsize, lines.shape[0] - 2 * count, lines)
    rows = rings, np.zeros(STATE, np.int64), room, work
    for j in range(found.shape[0]):
        _begin_sample(read, j, 0, rows)
        found[j] = 0.0
        sums[:count] = 0.0 if kept == 1 else np.inf
        sums[count:] = -np.inf
        for y in range(height):
            ahead = min(y + PREFETCH_ROWS, height - 1)
            make_line(source_table, read, j, y, ahead, height, lines_in, swapped, rows, line)
            if kept == 1:
                for k in range(count):
                    sums[k] += line[k]
            elif kept == 2:
                for k in range(count):
                    sums[k] = min(sums[k], np.float64(line[k]))
                    sums[count + k] = max(sums[count + k], np.float64(line[k]))
            else:
                for k in range(count):
                    level = np.rint((line[k] - what[0]) * what[1])
                    level = min(level, kept - 1.0) if level > 0.0 else 0.0
                    found[j, k % channels, np.int64(level)] += 1.0
        for c in range(channels):
            if kept == 1:
                total = 0.0
                for k in range(c, count, channels):
                    total += sums[k]
                found[j, c, 0] = total / (height * width)
            elif kept == 2:
                least, most = np.inf, -np.inf
                for k in range(c, count, channels):
                    least, most = min(least, sums[k]), max(most, sums[count + k])
                found[j, c, 0], found[j, c, 1] = least, most
