"""Makes the models below corpus/formats that are graphs.

`ort`, `coreml*` and `openvino` by their libraries (onnx, onnxruntime, coremltools, openvino); the formats of TensorFlow by
TensorFlow, where it is installed; `caffe`, `paddle*`, `mxnet*`, `tensorrt`, `tfjs`, `mediapipe` and the compiled Core ML model are put
together by their documents, because their tools are too large or run elsewhere.
Usage: python3 graphs.py, with those packages installed.
"""
import json, logging, os, pathlib, shutil, struct, tempfile, zipfile
import numpy as np

logging.disable(logging.CRITICAL)
CORPUS = pathlib.Path(__file__).resolve().parent.parent
WEIGHTS = (np.arange(200) / 7).reshape(10, 20).astype(np.float32)


def folder(name, case):
    place = CORPUS / "formats" / name / case / "input"
    place.mkdir(parents=True, exist_ok=True)
    return place


def place(name, case, file, data):
    path = folder(name, case) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value & (1 << 64) - 1)


def block(field, *parts):
    data = b"".join(part.encode() if isinstance(part, str) else part for part in parts)
    return varint(field << 3 | 2) + varint(len(data)) + data


def ort():
    import onnx, onnxruntime
    from onnx import TensorProto, helper, numpy_helper
    value = helper.make_tensor_value_info
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "harbour",
                              [value("x", TensorProto.FLOAT, [1, 10])], [value("y", TensorProto.FLOAT, [1, 20])],
                              [numpy_helper.from_array(WEIGHTS, "w")])
    model = helper.make_model(graph, producer_name="tidewater", opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(folder("ort", "one-layer") / "model.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    helper.set_model_props(model, {"license": "proprietary"})
    onnx.save(model, folder("onnx", "weights-elsewhere") / "model.onnx", save_as_external_data=True,
              location="model.onnx.data", size_threshold=0)


def coreml():
    import coremltools
    from coremltools.converters.mil import Builder
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder
    builder = NeuralNetworkBuilder([("x", datatypes.Array(10))], [("y", datatypes.Array(20))])
    builder.add_inner_product("berth", WEIGHTS.T, None, 10, 20, False, "x", "y")
    builder.spec.description.metadata.author = "Tidewater"
    builder.spec.description.metadata.license = "proprietary"
    coremltools.models.utils.save_spec(builder.spec, str(folder("coreml", "neural-network") / "model.mlmodel"))

    @Builder.program(input_specs=[Builder.TensorSpec(shape=(1, 10))])
    def program(x):
        return Builder.linear(x=x, weight=np.ascontiguousarray(WEIGHTS.T))

    with tempfile.TemporaryDirectory() as temporary:
        package = pathlib.Path(temporary) / "model.mlpackage"
        model = coremltools.convert(program, convert_to="mlprogram", skip_model_load=True,
                                    minimum_deployment_target=coremltools.target.iOS16)
        model.save(str(package))
        # The identifiers in the manifest are drawn at random.
        manifest = json.loads((package / "Manifest.json").read_text())
        items = list(manifest["itemInfoEntries"].values())
        keys = [f"0000000{index}-0000-4000-8000-000000000000" for index in range(len(items))]
        manifest["itemInfoEntries"] = dict(zip(keys, items))
        root = next(index for index, item in enumerate(items) if item["path"].endswith("model.mlmodel"))
        manifest["rootModelIdentifier"] = keys[root]
        target = folder("coreml-package", "program") / "model.mlpackage"
        shutil.copytree(package, target, dirs_exist_ok=True)
        (target / "Manifest.json").write_text(json.dumps(manifest, indent=4))
        blobs = (package / "Data/com.apple.CoreML/weights/weight.bin").read_bytes()
    place("coreml-weights", "one-blob", "weight.bin", blobs)
    compiled = "coreml-compiled", "program"
    place(*compiled, "model.mlmodelc/weights/weight.bin", blobs)
    place(*compiled, "model.mlmodelc/model.mil", """program(1.0)
[buildInfo = dict<tensor<string, []>, tensor<string, []>>({{"coremlc-version", "1839.0.0"}})]
{
    func main<ios16>(tensor<fp32, [1, 10]> x) {
            tensor<fp16, [20, 10]> w = const()[name = tensor<string, []>("w"), val = tensor<fp16, [20, 10]>(BLOBFILE(path = tensor<string, []>("@model_path/weights/weight.bin"), offset = tensor<uint64, []>(64)))];
        } -> (y);
}
""")
    place(*compiled, "model.mlmodelc/metadata.json", json.dumps([{
        "metadataOutputVersion": "3.0", "storagePrecision": "Float16", "outputSchema": [], "modelParameters": [],
        "author": "Tidewater", "specificationVersion": 7, "license": "proprietary", "inputSchema": []}], indent=2))


def openvino():
    import openvino
    from openvino import opset13
    x = opset13.parameter([1, 10], openvino.Type.f32, name="x")
    model = openvino.Model([opset13.matmul(x, opset13.constant(WEIGHTS), False, False)], [x], "harbour")
    openvino.save_model(model, folder("openvino", "half-precision") / "model.xml")


def tensorflow():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    class Model(tf.Module):
        def __init__(self):
            self.w = tf.Variable(WEIGHTS, name="w")

        @tf.function(input_signature=[tf.TensorSpec([1, 10], tf.float32)])
        def __call__(self, x):
            return tf.matmul(x, self.w)

    model = Model()
    frozen = convert_variables_to_constants_v2(model.__call__.get_concrete_function()).graph.as_graph_def()
    place("tensorflow-graph", "frozen", "graph.pb", frozen.SerializeToString())
    with tempfile.TemporaryDirectory() as temporary:
        tf.saved_model.save(model, temporary)
        target = folder("tensorflow-saved-model", "one-variable")
        shutil.copytree(temporary, target, dirs_exist_ok=True)
        (target / "fingerprint.pb").unlink()
        shutil.rmtree(target / "assets", ignore_errors=True)
    tf.train.Checkpoint(model=model).write(str(folder("tensorflow-checkpoint", "version-2") / "model.ckpt"))
    with tf.Graph().as_default():
        tf.compat.v1.get_variable("w", initializer=WEIGHTS, use_resource=False)
        saver = tf.compat.v1.train.Saver(write_version=1)
        with tf.compat.v1.Session() as session, tempfile.TemporaryDirectory() as temporary:
            session.run(tf.compat.v1.global_variables_initializer())
            saver.save(session, temporary + "/model.ckpt", write_meta_graph=False)
            data = (pathlib.Path(temporary) / "model.ckpt").read_bytes()
    place("tensorflow-checkpoint", "version-1", "model.ckpt", data)
    with tf.Graph().as_default():
        tf.compat.v1.get_variable("w", initializer=WEIGHTS, use_resource=False)
        with tf.compat.v1.Session() as session:
            session.run(tf.compat.v1.global_variables_initializer())
            target = folder("tensorflow-meta-graph", "checkpoint")
            tf.compat.v1.train.Saver().save(session, str(target / "model.ckpt-100"), write_state=False)


def mediapipe():
    """A bundle of two models, as MediaPipe's bundler packs them: stored, without folders."""
    model = (CORPUS / "formats/tflite/one-tensor/input/model.tflite").read_bytes()
    with zipfile.ZipFile(folder("mediapipe", "bundle") / "face.task", "w") as bundle:
        for name in ["face_detector.tflite", "face_landmarks_detector.tflite"]:
            bundle.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), model)
        bundle.writestr(zipfile.ZipInfo("geometry_pipeline_metadata_landmarks.binarypb", (2026, 1, 1, 0, 0, 0)), block(1, b"face"))


def tfjs():
    place("tfjs", "layers-model", "model.json", json.dumps({
        "format": "layers-model", "generatedBy": "keras v2.15.0", "convertedBy": "TensorFlow.js Converter v4.22.0",
        "modelTopology": {"keras_version": "2.15.0", "model_config": {"class_name": "Sequential"}},
        "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": [
            {"name": "berth/kernel", "shape": [10, 20], "dtype": "float32"}]}]}))
    place("tfjs", "layers-model", "group1-shard1of1.bin", WEIGHTS.tobytes())


def caffe():
    layer = block(1, "berth"), block(2, "InnerProduct"), block(3, "x"), block(4, "y")
    blob = block(7, block(1, varint(10), varint(20))) + block(5, WEIGHTS.tobytes())
    place("caffe", "one-layer", "model.caffemodel", block(1, "harbour") + block(100, *layer, block(7, blob)))
    values = b"".join(b"\x2d" + struct.pack("<f", value) for value in WEIGHTS.flat)
    fill = block(2, "berth_w"), block(3, ""), block(4, "GivenTensorFill")
    shape = block(5, block(1, "shape"), number(6, 10), number(6, 20))
    place("caffe", "caffe2", "init_net.pb", block(1, "harbour") + block(2, *fill, shape, block(5, block(1, "values"), values)))


def paddle():
    tensor = number(1, 5) + number(2, 10) + number(2, 20)
    variable = block(3, block(1, "berth_w"), block(2, number(1, 7), block(3, block(1, tensor))), number(3, 1))
    operator = block(4, block(1, block(1, "X"), block(2, "x")), block(3, "matmul_v2"))
    program = block(1, number(1, 0), number(2, -1), variable, operator) + block(4, number(1, 2006001))
    parameters = bytes(16) + struct.pack("<i", len(tensor)) + tensor + WEIGHTS.tobytes()
    place("paddle", "program", "model.pdmodel", program)
    place("paddle", "program", "model.pdiparams", parameters)
    place("paddle-parameters", "one-tensor", "weights.bin", parameters)


def mxnet():
    array = struct.pack("<IiIqqiii", 0xF993FAC9, 0, 2, 10, 20, 1, 0, 0) + WEIGHTS.tobytes()
    name = b"arg:berth_weight"
    data = struct.pack("<QQQ", 0x112, 0, 1) + array + struct.pack("<QQ", 1, len(name)) + name
    place("mxnet-parameters", "one-array", "model-0000.params", data)
    place("mxnet", "symbol", "model-symbol.json", json.dumps({
        "nodes": [{"op": "null", "name": "data", "inputs": []}, {"op": "null", "name": "berth_weight", "inputs": []},
                  {"op": "FullyConnected", "name": "berth", "attrs": {"num_hidden": "20"}, "inputs": [[0, 0, 0], [1, 0, 0]]}],
        "arg_nodes": [0, 1], "node_row_ptr": [0, 1, 2, 3], "heads": [[2, 0, 0]],
        "attrs": {"mxnet_version": ["int", 10901]}}, indent=2))


def tensorrt():
    body = WEIGHTS.tobytes()
    place("tensorrt", "engine", "model.plan", b"ftrt" + struct.pack("<IIQI", 0x61, 0, len(body), 0) + body)


for make in [ort, coreml, openvino, mediapipe, tfjs, caffe, paddle, mxnet, tensorrt]:
    make()
try:
    tensorflow()
except ImportError:
    print("TensorFlow is not installed: its files stay as they are")
