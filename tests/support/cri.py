#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A client of the Container Runtime Interface, as Kubernetes' kubelet is one.

  cri.py SOCKET METHOD [REQUEST]

Calls a METHOD of cri.proto with a REQUEST in JSON, {} by default, and prints the answer as JSON, with all fields.
What the server refuses goes to standard error, as CODE: DETAILS, and the exit code is 1.
"""
import os
import subprocess
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

TIMEOUT_SECONDS = 60


def load_interface():
    here = os.path.dirname(os.path.abspath(__file__))
    compiled = subprocess.run(["protoc", "-I", here, "--descriptor_set_out=/dev/stdout", "cri.proto"], check=True,
                              stdout=subprocess.PIPE).stdout
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(compiled).file:
        pool.Add(file)
    return pool


def find_method(pool, name):
    for service in "RuntimeService", "ImageService":
        methods = pool.FindServiceByName("runtime.v1." + service).methods_by_name
        if name in methods:
            return service, methods[name]
    sys.exit(f"error: cri.proto has no method {name!r}")


def call(socket, name, request):
    pool = load_interface()
    service, method = find_method(pool, name)
    factory = message_factory.MessageFactory(pool)
    question = json_format.Parse(request, factory.GetPrototype(method.input_type)())
    answer = factory.GetPrototype(method.output_type)
    # An "authority" that is no path of a socket: grpc-go refuses that.
    options = [("grpc.default_authority", "localhost")]
    with grpc.insecure_channel("unix:" + socket, options=options) as channel:
        invoke = channel.unary_unary(f"/runtime.v1.{service}/{name}",
                                     request_serializer=lambda message: message.SerializeToString(),
                                     response_deserializer=answer.FromString)
        return invoke(question, timeout=TIMEOUT_SECONDS)


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    try:
        answer = call(*sys.argv[1:3], sys.argv[3] if len(sys.argv) == 4 else "{}")
    except grpc.RpcError as error:
        sys.exit(f"{error.code().name}: {error.details()}")
    print(json_format.MessageToJson(answer, including_default_value_fields=True, preserving_proto_field_name=True,
                                    indent=None))


main()
