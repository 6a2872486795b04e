"""Reads manifests (YAML) from stdin, checks each against its schema as an API server does, and prints them as JSON.

Kubernetes' own kinds are checked by kubernetes-validate, unknown fields included, for each version asked for; others
against the openAPIV3Schema of their CRD. What has no schema is an error, unless --allow names its kind. Every mistake
is a line on stderr, and the exit code then 1.
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
    isOpen = schema.get('x-kubernetes-preserve-unknown-fields') or 'additionalProperties' in schema
    if isinstance(schema.get('properties'), dict) and not isOpen:
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


def mistakes(resource, versions, schemas, allowed):
    key = resource['apiVersion'], resource['kind']
    if key in schemas:
        validator = jsonschema.Draft7Validator(schemas[key])
        for error in validator.iter_errors(resource):
            yield f"{'.'.join(str(part) for part in error.path)}: {error.message}"
        return
    for version in versions:
        try:
            kubernetes_validate.validate(resource, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            path = '.'.join(str(part) for part in error.path)
            yield f'Kubernetes {version}: {path}: {error.message}'
        except kubernetes_validate.SchemaNotFoundError as error:
            if resource['kind'] not in allowed:
                yield str(error.message)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--kubernetes', action='append', default=[], metavar='VERSION')
    parser.add_argument('--crd', action='append', default=[], metavar='FILE')
    parser.add_argument('--allow', action='append', default=[], metavar='KIND')
    args = parser.parse_args()
    schemas = crd_schemas(args.crd)
    resources = [each for each in yaml.load_all(sys.stdin, Loader=yaml.CSafeLoader) if each]
    failed = False
    for resource in resources:
        for mistake in mistakes(resource, args.kubernetes, schemas, args.allow):
            print(f"{resource['kind']} {resource['metadata']['name']}: {mistake}", file=sys.stderr)
            failed = True
    json.dump(resources, sys.stdout)
    return 1 if failed else 0


sys.exit(main())
