"""All that the zoo asks one served model, and the disagreements that come out of it."""
import concurrent.futures
import dataclasses

import numpy as np
from agree import difference
from clients import GrpcClient, MODEL, RestClient
from reference import Failure
from tensorflow_serving.apis import get_model_metadata_pb2

CLIENTS = 64
POOL = 24  # different requests, of which each client sends some


@dataclasses.dataclass
class Result:
    """What came out for one model."""
    requests: int = 0
    largest: float = 0.0
    """The largest difference of floats, as a share of the largest in the row."""
    refused: set = dataclasses.field(default_factory=set)
    """Numbers of rows that TensorFlow and the server both refuse."""
    faults: list[str] = dataclasses.field(default_factory=list)

    def note(self, what, got, expected):
        fault, largest = difference(got, expected)
        self.requests += 1
        self.largest = max(self.largest, largest)
        if fault:
            self.faults.append(f'{what}: {fault}')


def check(entry, target, reference):
    result = Result()
    rng = np.random.default_rng(14)
    metadata(target, reference, result)
    one_by_one(entry, target, reference, rng, result)
    pool = [entry.inputs(rng, int(rng.choice(entry.crowd_sizes))) for _ in range(POOL)]
    pool = [(inputs, reference.run(entry.signature, inputs)) for inputs in pool]
    for client in (GrpcClient, RestClient):
        crowd(entry, client, target, reference, pool, result)
    if entry.classify_signature:
        classify(entry, target, reference, rng, result)
    return result


def metadata(target, reference, result):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=['signature_def'])
    request.model_spec.name = MODEL
    answer = target.prediction.GetModelMetadata(request, timeout=60).metadata['signature_def']
    signatures = get_model_metadata_pb2.SignatureDefMap()
    answer.Unpack(signatures)
    result.requests += 1
    for name in sorted(reference.definitions):
        if signatures.signature_def[name] != reference.definitions[name]:
            result.faults.append(f'GetModelMetadata: signature {name} is not that of the SavedModel')


def one_by_one(entry, target, reference, rng, result):
    grpc_client, rest_client = GrpcClient(target, reference.definitions), RestClient(target, reference.definitions)
    for rows in entry.sizes:
        inputs = entry.inputs(rng, rows)
        expected = reference.run(entry.signature, inputs)
        if isinstance(expected, Failure):
            result.refused.add(rows)
        result.note(f'gRPC, {rows} rows', grpc_client.predict(entry.signature, inputs), expected)
        if 0 < rows <= entry.rest_rows:  # JSON cannot say the shape of what has no elements
            result.note(f'REST inputs, {rows} rows', rest_client.predict(entry.signature, inputs), expected)
            if per_row(expected, rows):
                answer = rest_client.predict(entry.signature, inputs, 'instances')
                result.note(f'REST instances, {rows} rows', answer, expected)
    grpc_client.close()
    rest_client.close()


def per_row(answer, rows):
    return isinstance(answer, dict) and all(value.ndim > 0 and len(value) == rows for value in answer.values())


def crowd(entry, client_class, target, reference, pool, result):
    """Clients at the same time, each with its own connection; each must get what TensorFlow answers to it alone."""

    def one(number):
        client = client_class(target, reference.definitions)
        chosen = [pool[(number * 7 + i) % len(pool)] for i in range(entry.crowd_rounds)]
        answers = [(client.predict(entry.signature, inputs), expected) for inputs, expected in chosen]
        client.close()
        return answers

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as threads:
        for answers in threads.map(one, range(CLIENTS)):
            for got, expected in answers:
                result.note(f'{CLIENTS} {client_class.__name__}s at once', got, expected)


def classify(entry, target, reference, rng, result):
    """Classify, against the classification signature fed with the same Examples."""
    client = GrpcClient(target, reference.definitions)
    for rows in (1, 2, 7):
        examples = entry.examples(rng, rows)
        serialized = np.array([example.SerializeToString() for example in examples], object)
        outputs = reference.run(entry.classify_signature, {'inputs': serialized})
        answer = client.classify(entry.classify_signature, examples)
        got = {'classes': np.array([[label.encode() for label, _ in one] for one in answer], object),
               'scores': np.array([[score for _, score in one] for one in answer], np.float32)}
        result.note(f'Classify, {rows} examples', got, outputs)
    client.close()
