"""What grpcurl does: everything about the services is learnt from the server itself, by gRPC reflection."""
import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from harness import ModelTest

SERVICES = {'tensorflow.serving.PredictionService', 'tensorflow.serving.ModelService'}
HEALTH = 'grpc.health.v1.Health'


class Reflection(ModelTest):
    model = 'half_plus_two'

    def setUp(self):
        self.database = ProtoReflectionDescriptorDatabase(self.server.channel)
        self.pool = DescriptorPool(self.database)

    def method(self, service, name):
        """The class of the method's request, and a function that calls it."""
        found = self.pool.FindServiceByName(service).methods_by_name[name]
        request, reply = GetMessageClass(found.input_type), GetMessageClass(found.output_type)
        call = self.server.channel.unary_unary(
            f'/{service}/{name}', request_serializer=request.SerializeToString, response_deserializer=reply.FromString)
        return request, lambda message: call(message, timeout=60)

    def test_lists_the_services(self):
        self.assertLessEqual(SERVICES, set(self.database.get_services()))

    def test_describes_the_methods(self):
        methods = {s: set(self.pool.FindServiceByName(s).methods_by_name) for s in SERVICES}
        self.assertEqual(methods, {
            'tensorflow.serving.PredictionService':
                {'Classify', 'Regress', 'Predict', 'MultiInference', 'GetModelMetadata'},
            'tensorflow.serving.ModelService': {'GetModelStatus', 'HandleReloadConfigRequest'}})

    def test_predict(self):
        request, call = self.method('tensorflow.serving.PredictionService', 'Predict')
        message = request()
        message.model_spec.name = self.model
        x = message.inputs['x']
        x.dtype = self.pool.FindEnumTypeByName('tensorflow.DataType').values_by_name['DT_FLOAT'].number
        x.tensor_shape.dim.add(size=3)
        x.float_val.extend([1.0, 2.0, 5.0])
        reply = call(message)
        self.assertEqual(list(reply.outputs['y'].float_val), [2.5, 3.0, 4.5])
        self.assertEqual(reply.model_spec.version.value, 1)

    def test_get_model_status(self):
        request, call = self.method('tensorflow.serving.ModelService', 'GetModelStatus')
        message = request()
        message.model_spec.name = self.model
        state = self.pool.FindMessageTypeByName('tensorflow.serving.ModelVersionStatus').enum_types_by_name['State']
        self.assertEqual([state.values_by_number[s.state].name for s in call(message).model_version_status],
                         ['AVAILABLE'])

    def test_health(self):
        if HEALTH not in self.database.get_services():
            self.skipTest("upstream's server was started without --enable_grpc_healthcheck_service")
        request, call = self.method(HEALTH, 'Check')
        for service in ('', 'PredictionService', 'ModelService'):
            reply = call(request(service=service))
            status = reply.DESCRIPTOR.fields_by_name['status'].enum_type.values_by_number[reply.status].name
            self.assertEqual(status, 'SERVING', service)
        with self.assertRaises(grpc.RpcError) as caught:
            call(request(service='nope'))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
