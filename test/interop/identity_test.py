"""Every dtype through the identity model, in both TensorProto forms, compared bit by bit."""
import tensors
from harness import ModelTest, cases, expand_cases
from tensorflow_serving.apis import predict_pb2

STRINGS = [b'', b'plain', b'\x00\xff\x80', 'Grüße 🌍'.encode(), b'x' * 70000, b'"quoted"']
SHAPES = {'[6]': [6], '[2,3]': [2, 3], '[1,6,1]': [1, 6, 1]}


def rows(names):
    return {f'{name} {label}': (name, shape) for name in names for label, shape in SHAPES.items()}


@expand_cases
class Identity(ModelTest):
    model = 'identity'

    def identity(self, name, tensor):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = 'identity'
        request.model_spec.signature_name = f'identity_{name}'
        request.inputs['x'].CopyFrom(tensor)
        reply = self.server.prediction.Predict(request, timeout=60)
        self.assertEqual(list(reply.outputs), ['y'])
        self.assertEqual(reply.model_spec.signature_name, f'identity_{name}')
        result = reply.outputs['y']
        self.assertEqual(result.dtype, tensor.dtype)
        self.assertFalse(result.tensor_shape.unknown_rank)
        self.assertTrue(result.HasField('tensor_shape'))
        return result

    def assert_same(self, name, tensor, content, shape):
        result = self.identity(name, tensor)
        self.assertEqual(tensors.shape_of(result), shape)
        self.assertEqual(tensors.bytes_of(result).hex(), content.hex())

    @cases(rows(tensors.FIXED_SIZE))
    def content(self, name, shape):
        content = tensors.sample_bytes(name)
        self.assert_same(name, tensors.from_content(name, shape, content), content, shape)

    @cases(rows(tensors.FIXED_SIZE))
    def values(self, name, shape):
        content = tensors.sample_bytes(name)
        self.assert_same(name, tensors.from_values(name, shape, content), content, shape)

    @cases({name: (name,) for name in tensors.FIXED_SIZE})
    def scalar(self, name):
        content = tensors.sample_bytes(name)
        one = content[:len(content) // 6]
        self.assert_same(name, tensors.from_content(name, [], one), one, [])
        self.assert_same(name, tensors.from_values(name, [], one), one, [])

    @cases({name: (name,) for name in [*tensors.FIXED_SIZE, 'string']})
    def no_elements(self, name):
        shape = [2, 0, 3]
        tensor = tensors.strings(shape, []) if name == 'string' else tensors.from_content(name, shape, b'')
        result = self.identity(name, tensor)
        self.assertEqual(tensors.shape_of(result), shape)
        self.assertEqual(result.tensor_content, b'')
        self.assertEqual(list(result.string_val), [])

    @cases({name: (name,) for name in tensors.FIXED_SIZE})
    def last_value_is_repeated(self, name):
        content = tensors.sample_bytes(name)
        size = len(content) // 6
        given, last = content[:2 * size], content[size:2 * size]
        self.assert_same(name, tensors.from_values(name, [5], given), given + last * 3, [5])

    @cases({name: (name,) for name in tensors.FIXED_SIZE})
    def no_value_means_zeros(self, name):
        size = len(tensors.sample_bytes(name)) // 6
        self.assert_same(name, tensors.from_values(name, [2, 2], b''), bytes(4 * size), [2, 2])

    @cases({name: (name,) for name in tensors.FIXED_SIZE})
    def surplus_values_are_ignored(self, name):
        content = tensors.sample_bytes(name)
        self.assert_same(name, tensors.from_values(name, [2], content), content[:len(content) // 3], [2])

    @cases({label: (shape,) for label, shape in SHAPES.items()})
    def strings(self, shape):
        for tensor in (tensors.strings(shape, STRINGS), tensors.strings_as_content(shape, STRINGS)):
            result = self.identity('string', tensor)
            self.assertEqual(tensors.shape_of(result), shape)
            self.assertEqual(list(result.string_val), STRINGS)

    def test_last_string_is_repeated(self):
        self.assertEqual(list(self.identity('string', tensors.strings([3], [b'a', b'b'])).string_val),
                         [b'a', b'b', b'b'])
        self.assertEqual(list(self.identity('string', tensors.strings([2], [])).string_val), [b'', b''])

    def test_scalar_string(self):
        result = self.identity('string', tensors.strings([], [b'one']))
        self.assertEqual((tensors.shape_of(result), list(result.string_val)), ([], [b'one']))

    def test_unknown_rank_is_a_scalar(self):
        tensor = tensors.from_values('float32', [], tensors.sample_bytes('float32')[:4])
        tensor.tensor_shape.unknown_rank = True
        self.assert_same('float32', tensor, tensors.sample_bytes('float32')[:4], [])

    def test_twenty_megabytes(self):
        content = bytes(range(256)) * (20 * 4096)
        tensor = tensors.from_content('uint8', [len(content)], content)
        self.assertEqual(tensors.bytes_of(self.identity('uint8', tensor)), content)

    def test_floats_one_by_one_on_the_wire(self):
        """float_val unpacked (wire type 5 per element), as proto2 clients may send it; the stubs always pack."""
        content = tensors.sample_bytes('float32')
        unpacked = b''.join(b'\x2d' + content[i:i + 4] for i in range(0, len(content), 4))
        shape = tensors.field_bytes(2, tensors.field_bytes(2, b'\x08\x06'))
        tensor = b'\x08\x01' + shape + unpacked
        request = (tensors.field_bytes(1, tensors.field_bytes(1, b'identity'))
                   + tensors.field_bytes(2, tensors.field_bytes(1, b'x') + tensors.field_bytes(2, tensor)))
        reply = self.server.call_raw('/tensorflow.serving.PredictionService/Predict', request)
        result = predict_pb2.PredictResponse.FromString(reply).outputs['y']
        self.assertEqual(tensors.bytes_of(result), content)
