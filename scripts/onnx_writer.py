"""ONNX models as protobuf bytes, written by hand: what the models of make-model-files.py need, and no more."""
import struct

FLOAT, INT64 = 1, 7
OPSET = 17


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(value)


def message(field, content):
    if isinstance(content, str):
        content = content.encode()
    return varint(field << 3 | 2) + varint(len(content)) + content


def value_info(name, dtype, dims):
    """A ValueInfoProto; a dimension that is a text has that name, and any size."""
    shape = b''.join(
        message(1, message(2, dim) if isinstance(dim, str) else number(1, dim)) for dim in dims)
    return message(1, name) + message(2, message(1, number(1, dtype) + message(2, shape)))


def tensor(name, dtype, dims, values):
    """A TensorProto with raw data."""
    raw = struct.pack(f'<{len(values)}{"f" if dtype == FLOAT else "q"}', *values)
    return b''.join(number(1, dim) for dim in dims) + number(2, dtype) + message(8, name) + message(9, raw)


def node(op, inputs, outputs, **attributes):
    """A NodeProto whose attributes are integers."""
    content = b''.join(message(1, name) for name in inputs) + b''.join(message(2, name) for name in outputs)
    content += message(3, outputs[0]) + message(4, op)
    for name, value in attributes.items():
        content += message(5, message(1, name) + number(3, value) + number(20, 2))
    return content


def model(nodes, inputs, outputs, initializers=()):
    """A ModelProto."""
    graph = b''.join(message(1, each) for each in nodes) + message(2, 'graph')
    graph += b''.join(message(5, each) for each in initializers)
    graph += b''.join(message(11, each) for each in inputs)
    graph += b''.join(message(12, each) for each in outputs)
    return number(1, 8) + message(7, graph) + message(8, number(2, OPSET))
