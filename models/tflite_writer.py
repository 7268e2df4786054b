"""Writes .tflite files from a description. No dependency but NumPy.

    model = Model('what it is')
    x = model.tensor('x', 'int8', [1, 128, 128, 3], scale=1 / 127.5, zero_point=-1)
    w = model.tensor('w', weights_int8, scale=[...], axis=0)          # a constant; one scale per channel
    b = model.tensor('b', bias_int32, scale=[...], axis=0)
    y = model.tensor('y', 'int8', [1, 64, 64, 16], scale=0.02, zero_point=-128)
    model.operator('CONV_2D', [x, w, b], [y], padding='SAME', stride_w=2, stride_h=2, activation='RELU6')
    model.write('model.tflite', inputs=[x], outputs=[y])

Sizes that are known only at run time are -1 in `signature` (and 1 in `shape`).
Numbers of fields, types and operators: TensorFlow's schema.fbs
(tensorflow/compiler/mlir/lite/schema). A FlatBuffer refers forwards only, so
tables are written front to back, each followed by its parts.
"""
import struct

import numpy as np

TENSOR_TYPES = {'float32': 0, 'float16': 1, 'int32': 2, 'uint8': 3, 'int64': 4, 'bool': 6, 'int16': 7, 'int8': 9}

ENUMERATIONS = {
    'padding': {'SAME': 0, 'VALID': 1},
    'activation': {'NONE': 0, 'RELU': 1, 'RELU_N1_TO_1': 2, 'RELU6': 3, 'TANH': 4},
    'mode': {'REFLECT': 0, 'SYMMETRIC': 1},
}

# Tables of options: number in the union BuiltinOptions, then the fields in the schema's order.
CONV = (1, 'padding:byte stride_w:int stride_h:int activation:byte dilation_w:int=1 dilation_h:int=1')
DEPTHWISE = (2, 'padding:byte stride_w:int stride_h:int depth_multiplier:int=1 activation:byte '
                'dilation_w:int=1 dilation_h:int=1')
POOL = (5, 'padding:byte stride_w:int stride_h:int filter_w:int filter_h:int activation:byte')
FULLY_CONNECTED = (8, 'activation:byte weights_format:byte keep_num_dims:byte asymmetric_quantize_inputs:byte')
SOFTMAX = (9, 'beta:float=1')
CONCATENATION = (10, 'axis:int activation:byte')
ADD = (11, 'activation:byte')
RESHAPE = (17, 'new_shape:ints')
MUL = (21, 'activation:byte')
REDUCER = (27, 'keep_dims:byte')
SUB = (28, 'activation:byte')
DIV = (29, 'activation:byte')
STRIDED_SLICE = (32, 'begin_mask:int end_mask:int ellipsis_mask:int new_axis_mask:int shrink_axis_mask:int offset:byte')
SPLIT = (35, 'num_splits:int')
RESIZE_NEAREST = (74, 'align_corners:byte half_pixel_centers:byte')
MIRROR_PAD = (77, 'mode:byte')

# Operators: builtin code, version, and the options or None.
OPERATORS = {
    'ADD': (0, 2, ADD), 'AVERAGE_POOL_2D': (1, 2, POOL), 'CONCATENATION': (2, 2, CONCATENATION), 'CONV_2D': (3, 3, CONV),
    'DEPTHWISE_CONV_2D': (4, 3, DEPTHWISE), 'DEQUANTIZE': (6, 2, None), 'FULLY_CONNECTED': (9, 4, FULLY_CONNECTED),
    'LOGISTIC': (14, 2, None), 'MUL': (18, 2, MUL), 'RELU': (19, 2, None), 'RELU6': (21, 2, None),
    'RESHAPE': (22, 1, RESHAPE), 'SOFTMAX': (25, 2, SOFTMAX), 'PAD': (34, 2, (22, '')), 'TRANSPOSE': (39, 2, (26, '')),
    'MEAN': (40, 2, REDUCER), 'SUB': (41, 2, SUB), 'DIV': (42, 2, DIV), 'STRIDED_SLICE': (45, 2, STRIDED_SLICE),
    'SPLIT': (49, 2, SPLIT), 'MINIMUM': (57, 2, None), 'SLICE': (65, 2, (51, '')), 'SQRT': (75, 1, None), 'RSQRT': (76, 1, None),
    'RESIZE_NEAREST_NEIGHBOR': (97, 3, RESIZE_NEAREST), 'SQUARED_DIFFERENCE': (99, 2, None),
    'MIRROR_PAD': (100, 2, MIRROR_PAD), 'QUANTIZE': (114, 2, None),
}

FORMATS = {'byte': '<b', 'ubyte': '<B', 'int': '<i', 'uint': '<I', 'long': '<q', 'float': '<f', 'offset': '<I'}


class Table:
    """Fields in the schema's order: None, or (kind, value); of the kind 'offset' the value is a part."""

    def __init__(self, *fields):
        self.fields = fields

    def write(self, out):
        present = [(slot, *field) for slot, field in enumerate(self.fields) if field is not None]
        offsets, size = [0] * len(self.fields), 4
        for slot, kind, _ in present:
            width = struct.calcsize(FORMATS[kind])
            size += -size % width
            offsets[slot] = size
            size += width
        out.align(2)
        vtable = len(out.data)
        out.data += struct.pack(f'<{2 + len(offsets)}H', 4 + 2 * len(offsets), size, *offsets)
        out.align(8)
        start = len(out.data)
        out.data += bytes(size)
        struct.pack_into('<i', out.data, start, start - vtable)
        for slot, kind, value in present:
            at = start + offsets[slot]
            struct.pack_into(FORMATS[kind], out.data, at, out.offset_to(value, at) if kind == 'offset' else value)
        return start


class Vector:
    """Items of one kind; constant data ('data') is aligned to 16 bytes, as the schema demands."""

    def __init__(self, kind, items):
        self.kind, self.items = kind, items

    def write(self, out):
        if self.kind == 'data':
            out.align(16, before=4)
            start = len(out.data)
            out.data += struct.pack('<I', len(self.items)) + self.items
            return start
        width = struct.calcsize(FORMATS[self.kind])
        out.align(max(4, width), before=4)
        start = len(out.data)
        out.data += struct.pack('<I', len(self.items)) + bytes(width * len(self.items))
        for i, item in enumerate(self.items):
            at = start + 4 + i * width
            value = out.offset_to(item, at) if self.kind == 'offset' else item
            struct.pack_into(FORMATS[self.kind], out.data, at, value)
        return start


class String:
    def __init__(self, text):
        self.bytes = text.encode()

    def write(self, out):
        out.align(4)
        start = len(out.data)
        out.data += struct.pack('<I', len(self.bytes)) + self.bytes + b'\0'
        return start


class Output:
    def __init__(self):
        self.data = bytearray()

    def align(self, size, before=0):
        """Pads so that what comes `before` bytes from here is aligned."""
        self.data += bytes(-(len(self.data) + before) % size)

    def offset_to(self, part, at):
        return part.write(self) - at


def options_table(fields, options, op):
    columns = []
    for field in fields.split():
        name, kind = field.split(':')
        kind, _, default = kind.partition('=')
        value = options.pop(name, float(default or 0) if kind == 'float' else int(default or 0))
        if isinstance(value, str):
            value = ENUMERATIONS[name][value]
        columns.append(('offset', Vector('int', value or [])) if kind == 'ints' else (kind, value))
    if options:
        raise ValueError(f'{op} has no {", ".join(options)}')
    return Table(*columns)


class Model:
    """One graph. Tensors and operators are written in the order in which they were added."""

    def __init__(self, description=''):
        self.description = description
        self.buffers, self.tensors, self.operators, self.codes = [Table()], [], [], []

    def tensor(self, name, content, shape=None, scale=None, zero_point=None, axis=0, signature=None):
        """Adds a tensor and returns its number.

        content: the values (a NumPy array) of a constant, or the type of what is computed, whose `shape` must be
        given. scale: a number, or a sequence with one number for each index of the dimension `axis`.
        """
        buffer = 0
        if isinstance(content, str):
            dtype = content
        else:
            content = np.asarray(content)
            dtype, shape, buffer = content.dtype.name, content.shape, len(self.buffers)
            self.buffers.append(Table(('offset', Vector('data', content.tobytes()))))
        quantisation = None
        if scale is not None:
            scales = np.atleast_1d(np.asarray(scale, np.float32)).tolist()
            zeros = np.broadcast_to(np.asarray(0 if zero_point is None else zero_point, np.int64), len(scales)).tolist()
            quantisation = Table(None, None, ('offset', Vector('float', scales)), ('offset', Vector('long', zeros)),
                                 None, None, ('int', axis if len(scales) > 1 else 0))
        self.tensors.append(Table(
            ('offset', Vector('int', [int(n) for n in shape])), ('byte', TENSOR_TYPES[dtype]), ('uint', buffer),
            ('offset', String(name)), quantisation and ('offset', quantisation), None, None,
            None if signature is None else ('offset', Vector('int', list(signature)))))
        return len(self.tensors) - 1

    def operator(self, op, inputs, outputs, **options):
        """Adds an operator; an input left out is -1."""
        if op not in self.codes:
            self.codes.append(op)
        union, fields = OPERATORS[op][2] or (0, '')
        table = options_table(fields, options, op)
        self.operators.append(Table(
            ('uint', self.codes.index(op)), ('offset', Vector('int', list(inputs))),
            ('offset', Vector('int', list(outputs))), ('ubyte', union), ('offset', table) if union else None))

    def bytes(self, inputs, outputs):
        codes = [Table(('byte', min(OPERATORS[op][0], 127)), None, ('int', OPERATORS[op][1]), ('int', OPERATORS[op][0]))
                 for op in self.codes]
        graph = Table(('offset', Vector('offset', self.tensors)), ('offset', Vector('int', list(inputs))),
                      ('offset', Vector('int', list(outputs))), ('offset', Vector('offset', self.operators)),
                      ('offset', String('main')))
        model = Table(('uint', 3), ('offset', Vector('offset', codes)), ('offset', Vector('offset', [graph])),
                      ('offset', String(self.description)), ('offset', Vector('offset', self.buffers)))
        out = Output()
        out.data += bytes(4) + b'TFL3'
        struct.pack_into('<I', out.data, 0, model.write(out))
        return bytes(out.data)

    def write(self, path, inputs, outputs):
        with open(path, 'wb') as file:
            file.write(self.bytes(inputs, outputs))
