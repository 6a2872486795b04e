"""Reads manifests (YAML) from stdin, checks each against its schema as an API server does, and prints them as JSON.

Kubernetes' own kinds are checked by kubernetes-validate, unknown fields included, for each version asked for; others
against the openAPIV3Schema of their CRD. What has no schema is an error, unless --allow names its kind. With --schema
all of it is checked against that JSON schema alone. Every mistake is a line on stderr, and the exit code then 1.
"""
import argparse
import json
import sys

import jsonschema
import kubernetes_validate
import yaml


def closed(schema):
    """The schema with unknown fields refused, as by an API server asked with fieldValidation=Strict."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    is_open = schema.get('x-kubernetes-preserve-unknown-fields') or 'additionalProperties' in schema
    if isinstance(schema.get('properties'), dict) and not is_open:
        result['additionalProperties'] = False
    return result


def crd_schemas(paths):
    schemas = {}
    for path in paths:
        for crd in yaml.load_all(open(path), Loader=yaml.CSafeLoader):
            for version in crd['spec']['versions']:
                schema = closed(version['schema']['openAPIV3Schema'])
                schema['properties']['metadata'] = {'type': 'object'}
                key = f"{crd['spec']['group']}/{version['name']}", crd['spec']['names']['kind']
                schemas[key] = schema
    return schemas


def path_of(error):
    return '.'.join(str(part) for part in error.path)


def mistakes_by(schema, document):
    for error in jsonschema.Draft7Validator(schema).iter_errors(document):
        yield f'{path_of(error)}: {error.message}'


def mistakes(resource, versions, schemas, allowed):
    key = resource['apiVersion'], resource['kind']
    if key in schemas:
        yield from mistakes_by(schemas[key], resource)
        return
    for version in versions:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f'Kubernetes {version}: {path_of(error)}: {error.message}'
        except kubernetes_validate.SchemaNotFoundError as error:
            if resource['kind'] not in allowed:
                yield str(error.message)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--kubernetes', action='append', default=[], metavar='VERSION')
    parser.add_argument('--crd', action='append', default=[], metavar='FILE')
    parser.add_argument('--allow', action='append', default=[], metavar='KIND')
    parser.add_argument('--schema', metavar='FILE')
    args = parser.parse_args()
    documents = [each for each in yaml.load_all(sys.stdin, Loader=yaml.CSafeLoader) if each]
    if args.schema:
        schema = json.load(open(args.schema))
        found = [mistake for each in documents for mistake in mistakes_by(schema, each)]
    else:
        schemas = crd_schemas(args.crd)
        found = [
            f"{each['kind']} {each['metadata']['name']}: {mistake}"
            for each in documents
            for mistake in mistakes(each, args.kubernetes, schemas, args.allow)
        ]
    print('\n'.join(found), file=sys.stderr, end='')
    json.dump(documents, sys.stdout)
    return 1 if found else 0


sys.exit(main())
