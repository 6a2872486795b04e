"""SessionRun with the published messages; there is no published stub, so the call is a generic one.

The service is there with --enable_session_run alone: a server without it answers UNIMPLEMENTED with no message.
"""
import grpc
import tensors
from harness import ModelTest
from tensorflow_serving.apis import session_service_pb2

METHOD = '/tensorflow.serving.SessionService/SessionRun'


class SessionRun(ModelTest):
    model = 'half_plus_two'

    def run_session(self, request):
        call = self.server.channel.unary_unary(
            METHOD, request_serializer=session_service_pb2.SessionRunRequest.SerializeToString,
            response_deserializer=session_service_pb2.SessionRunResponse.FromString)
        return call(request, timeout=60)

    def request(self, feed, fetch, **fields):
        request = session_service_pb2.SessionRunRequest(fetch=fetch, **fields)
        request.model_spec.name = self.model
        request.feed.add(name=feed, tensor=tensors.floats([1.0, 2.0, 5.0]))
        return request

    def require_service(self):
        try:
            self.run_session(self.request('x:0', ['y:0']))
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.UNIMPLEMENTED:
                raise
            self.assertEqual(error.details(), '')
            self.skipTest('the server does not offer SessionService')

    def check(self, reply, names):
        self.assertEqual([tensor.name for tensor in reply.tensor], names)
        for tensor in reply.tensor:
            self.assertEqual(list(tensor.tensor.float_val), [2.5, 3.0, 4.5])
        self.assertEqual(reply.model_spec.name, self.model)
        self.assertEqual(reply.model_spec.version.value, 1)

    def test_graph_names(self):
        self.require_service()
        self.check(self.run_session(self.request('x:0', ['y:0', 'y'])), ['y:0', 'y'])

    def test_aliases(self):
        self.require_service()
        self.check(self.run_session(self.request('x', ['y'], tensor_name_is_alias=True)), ['y'])

    def test_unknown_fetch(self):
        self.require_service()
        self.assert_rpc_error(
            grpc.StatusCode.INVALID_ARGUMENT,
            'Tensor z:0, specified in either feed_devices or fetch_devices was not found in the Graph',
            lambda timeout: self.run_session(self.request('x:0', ['z'])))
