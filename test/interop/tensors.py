"""TensorProtos made and read by hand, from and to little-endian bytes, so that every bit can be compared.

TensorFlow's own helpers are not used on purpose: they are a second implementation of what is being tested.
"""
import numpy as np
from tensorflow.core.framework import tensor_pb2, types_pb2

# dtype name as in identity_<name>: (DataType, numpy type of one element in tensor_content, typed field)
FIXED_SIZE = {
    'float32': ('DT_FLOAT', '<f4', 'float_val'),
    'float64': ('DT_DOUBLE', '<f8', 'double_val'),
    'int32': ('DT_INT32', '<i4', 'int_val'),
    'int16': ('DT_INT16', '<i2', 'int_val'),
    'int8': ('DT_INT8', 'i1', 'int_val'),
    'uint8': ('DT_UINT8', 'u1', 'int_val'),
    'uint16': ('DT_UINT16', '<u2', 'int_val'),
    'uint32': ('DT_UINT32', '<u4', 'uint32_val'),
    'uint64': ('DT_UINT64', '<u8', 'uint64_val'),
    'int64': ('DT_INT64', '<i8', 'int64_val'),
    'bool': ('DT_BOOL', 'u1', 'bool_val'),
    'float16': ('DT_HALF', '<u2', 'half_val'),
    'bfloat16': ('DT_BFLOAT16', '<u2', 'half_val'),
    'complex64': ('DT_COMPLEX64', '<f4', 'scomplex_val'),
    'complex128': ('DT_COMPLEX128', '<f8', 'dcomplex_val'),
    'qint8': ('DT_QINT8', 'i1', 'int_val'),
    'quint8': ('DT_QUINT8', 'u1', 'int_val'),
    'qint16': ('DT_QINT16', '<i2', 'int_val'),
    'quint16': ('DT_QUINT16', '<u2', 'int_val'),
    'qint32': ('DT_QINT32', '<i4', 'int_val'),
    'int4': ('DT_INT4', 'i1', 'int_val'),
    'uint4': ('DT_UINT4', 'u1', 'int_val'),
    'float8_e5m2': ('DT_FLOAT8_E5M2', 'u1', 'float8_val'),
    'float8_e4m3fn': ('DT_FLOAT8_E4M3FN', 'u1', 'float8_val'),
}

# Six elements each, with the values that break careless code: extremes, -0, infinities, a NaN with payload.
_FLOAT_BITS = [0x3f800000, 0x80000000, 0x7f7fffff, 0x00000001, 0xff800000, 0x7fc12345]
_DOUBLE_BITS = [0x3ff0000000000000, 1 << 63, 0x7fefffffffffffff, 1, 0xfff0000000000000, 0x7ff8123456789abc]
_HALF_BITS = [0x3c00, 0x8000, 0x7bff, 0x0001, 0xfc00, 0x7e01]


def _integers(dtype):
    info = np.iinfo(dtype)
    return np.array([0, 1, info.max, info.min, info.max - 1, 77], dtype).tobytes()


def sample_bytes(name):
    """tensor_content of the six sample elements of a dtype."""
    special = {
        'float32': np.array(_FLOAT_BITS, '<u4'), 'float64': np.array(_DOUBLE_BITS, '<u8'),
        'complex64': np.array(_FLOAT_BITS * 2, '<u4'), 'complex128': np.array(_DOUBLE_BITS * 2, '<u8'),
        'float16': np.array(_HALF_BITS, '<u2'), 'bfloat16': np.array(_HALF_BITS, '<u2'),
        'bool': np.array([1, 0, 0, 1, 1, 0], 'u1'),
        'int4': np.array([0, 1, 7, -8, 6, -1], 'i1'), 'uint4': np.array([0, 1, 15, 8, 14, 7], 'u1'),
        'float8_e5m2': np.array([0x3c, 0x80, 0x7b, 0x01, 0xfc, 0x7e], 'u1'),
        'float8_e4m3fn': np.array([0x38, 0x80, 0x7e, 0x01, 0xb8, 0x7f], 'u1'),
    }
    return special[name].tobytes() if name in special else _integers(FIXED_SIZE[name][1])


def _proto(data_type, shape):
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DataType.Value(data_type))
    proto.tensor_shape.SetInParent()  # a scalar still says that it has a shape
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


def from_content(name, shape, content):
    """Elements in tensor_content."""
    proto = _proto(FIXED_SIZE[name][0], shape)
    proto.tensor_content = content
    return proto


def from_values(name, shape, content):
    """The same elements in the typed field."""
    data_type, element, field = FIXED_SIZE[name]
    proto = _proto(data_type, shape)
    if field == 'float8_val':
        proto.float8_val = content
    else:
        getattr(proto, field).extend(np.frombuffer(content, element).tolist())
    return proto


def strings(shape, values):
    proto = _proto('DT_STRING', shape)
    proto.string_val.extend(values)
    return proto


def strings_as_content(shape, values):
    """DT_STRING in tensor_content: the lengths as varints, then the bytes."""
    proto = _proto('DT_STRING', shape)
    proto.tensor_content = b''.join(varint(len(v)) for v in values) + b''.join(values)
    return proto


def floats(values, shape=None):
    return from_content('float32', [len(values)] if shape is None else shape, np.array(values, '<f4').tobytes())


def ints(values):
    return from_content('int32', [len(values)], np.array(values, '<i4').tobytes())


def shape_of(proto):
    return [d.size for d in proto.tensor_shape.dim]


def bytes_of(proto):
    """The elements of a reply in tensor_content form, whichever form it came in."""
    name = types_pb2.DataType.Name(proto.dtype)
    element, field = next(row[1:] for row in FIXED_SIZE.values() if row[0] == name)
    if proto.tensor_content:
        return proto.tensor_content
    if field == 'float8_val':
        return proto.float8_val
    values = list(getattr(proto, field))
    if element[-2] == 'f':
        return np.array(values, '<f8').astype(element).tobytes()
    return np.array(values, element).tobytes()


def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def field_bytes(number, payload):
    """One length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload
