# SPDX-License-Identifier: Apache-2.0
"""The programmable destination over gRPC: the same counting, answers in gRPC's codes."""
import concurrent.futures
import dataclasses

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from . import otlp
from .destination import Destination, Received

_METHODS = {"/opentelemetry.proto.collector.metrics.v1.MetricsService/Export": "metrics",
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export": "traces"}


@dataclasses.dataclass
class GrpcAnswer:
    """How one call is answered; retry_after adds RetryInfo of so many seconds."""
    code: grpc.StatusCode = grpc.StatusCode.OK
    message: str = ""
    rejected: int = 0
    retry_after: float = None
    hang: float = 0.0


class GrpcDestination(Destination, grpc.GenericRpcHandler):
    """As Destination; script() takes GrpcAnswer, and a request's `answered` is 200 where the call succeeded, else the code."""

    name = "grpc-destination"

    def __init__(self, name=None, port=None):
        super().__init__(name, port)
        self.default = GrpcAnswer()

    @property
    def target(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        assert self._server is None, "started already"
        self._released.clear()
        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(16), handlers=(self,),
                                   options=(("grpc.max_receive_message_length", 256 << 20), ("grpc.so_reuseport", 0)))
        assert self._server.add_insecure_port(self.target) == self.port
        self._server.start()
        return self

    def stop(self):
        if self._server is not None:
            self._released.set()
            self._server.stop(grace=0).wait(5)
            self._server = None

    def service(self, handler_call_details):
        signal = _METHODS.get(handler_call_details.method)
        if signal is None:
            self._fault(handler_call_details.method)
            return None
        metadata = dict(handler_call_details.invocation_metadata)
        return grpc.unary_unary_rpc_method_handler(lambda body, context: self._export(signal, metadata, body, context))

    def _export(self, signal, metadata, body, context):
        answer = self._next_answer()
        message = otlp.decode(signal, "application/x-protobuf", body)
        received = Received(signal, metadata, len(body), message, otlp.count_items(signal, message))
        self._record(received)
        if answer.hang:
            self._released.wait(answer.hang)
        if answer.code is grpc.StatusCode.OK:
            received.answered, received.accepted = 200, received.items - answer.rejected
            response = otlp.RESPONSES[signal]()
            if answer.rejected or answer.message:
                field = "rejected_data_points" if signal == "metrics" else "rejected_spans"
                setattr(response.partial_success, field, answer.rejected)
                response.partial_success.error_message = answer.message
            return response.SerializeToString()
        received.answered = answer.code
        if answer.retry_after is not None:
            detail = any_pb2.Any()
            seconds = int(answer.retry_after)
            detail.Pack(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(
                seconds=seconds, nanos=int((answer.retry_after - seconds) * 1e9))))
            status = status_pb2.Status(code=answer.code.value[0], message=answer.message, details=[detail])
            context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(answer.code, answer.message)
        return b""
