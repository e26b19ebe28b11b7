"""DETR and its plain kin as detectors that can be taught.

DETR (Carion et al. 2020, arXiv 2005.12872) and YOLOS (Fang et al. 2021, arXiv 2106.00666) end alike: a fixed number of
vectors, each of which a linear layer sorts and a small network turns into a box. Those two are the part that is made anew;
everything before them is the eyes, so that what Quick keeps of a picture is no more than these vectors. The losses are
transformers' own (Hungarian matching).
"""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from workbench.catalog.card import ModelCard
from workbench.errors import UserError
from workbench.runtimes.base import Detections, Loaded
from workbench.runtimes.box_learner import BoxTarget, Seen, keep_limit
from workbench.runtimes.fast_body import Core, Output, computed
from workbench.runtimes.network import stage_parameters
from workbench.runtimes.pictures import writable

if TYPE_CHECKING:
    import torch
    from torch import nn

    from workbench.runtimes.base import Batch, Pixels
    from workbench.runtimes.fast_body import Outputs

# Height and width of a picture that is made up to compare engines on.
_SMALL = (192, 256)
# Architectures (`config.model_type`) that end so.
TAUGHT = ("detr", "yolos")


class TransformersDetector(Loaded):
    """A `Detector`; the model's own image processor prepares pictures and reads the answers."""

    def __init__(self, card: ModelCard, module: Any, labels: Sequence[str], processor: Any) -> None:
        super().__init__(card, module, labels)
        self._processor = processor

    @property
    def module(self) -> Any:
        return self._module

    @property
    def processor(self) -> Any:
        return self._processor

    def detect(self, pictures: Sequence[Pixels], threshold: float = 0.05) -> list[Detections]:
        import torch

        inputs = self._processor(
            images=[writable(p) for p in pictures], return_tensors="pt", input_data_format="channels_last"
        ).to(self.device)
        with torch.inference_mode():
            outputs = self._answered(inputs)
        sizes = [p.shape[:2] for p in pictures]
        answers = self._processor.post_process_object_detection(outputs, threshold=threshold, target_sizes=sizes)
        found = []
        for answer in answers:
            order = answer["scores"].argsort(descending=True)
            found.append(Detections(*(answer[key][order].cpu().numpy() for key in ("boxes", "labels", "scores"))))
        return found

    def _answered(self, inputs: Any) -> Any:
        """The network's output, as transformers gives it."""
        return self.module(**inputs)


class DetrLearner(TransformersDetector):
    """A `BoxLearner`; see the module."""

    head_rate, body_rate, clip_norm = 5e-4, 2e-5, 0.1

    @property
    def heart(self) -> nn.Module:
        module: nn.Module = self.module
        return module

    def core(self) -> Core:
        """Pictures, filled up to one size, to the class and place each vector stands for. They stay in their order, so that they
        can be compared one by one."""
        import numpy as np

        noise = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
        found = self._processor(images=[noise], return_tensors="pt", input_data_format="channels_last").to(self.device)
        example = {name: value[..., : _SMALL[0], : _SMALL[1]] for name, value in found.items()}
        free = {name: (2, 3) if value.dim() == 4 else (1, 2) for name, value in example.items()}
        says = {"logits": Output("scores"), "pred_boxes": Output("shares")}
        return Core(
            self.heart, self._in_layers, says, example, free, several=False,
            identity=f"{self.card.runtime}/{self.card.arch}",
        )  # fmt: skip

    def _in_layers(self, batch: Batch) -> Outputs:
        answer = self.module(**batch)
        return {"logits": answer.logits, "pred_boxes": answer.pred_boxes}

    def _answered(self, inputs: Any) -> Any:
        found = computed(self.heart, dict(inputs), lambda: self._in_layers(inputs))
        return SimpleNamespace(logits=found["logits"], pred_boxes=found["pred_boxes"])

    @property
    def eyes(self) -> nn.Module:
        base: nn.Module = self.module.base_model
        return base

    @property
    def head(self) -> nn.Module:
        """What tells the classes."""
        layer: nn.Module = _last_layer(self.module.class_labels_classifier)
        return layer

    def set_classes(self, labels: Sequence[str]) -> None:
        import torch
        from torch import nn

        before = {name.casefold(): number for number, name in enumerate(self.labels)}
        old = _last_layer(self.module.class_labels_classifier)
        new = nn.Linear(old.in_features, len(labels) + 1)
        with torch.no_grad():
            # The last one stands for "nothing here", in the old layer as in the new.
            pairs = [(place, before.get(name.casefold(), -1)) for place, name in enumerate(labels)]
            for place, source in [*pairs, (len(labels), old.out_features - 1)]:
                if 0 <= source < old.out_features:
                    new.weight[place] = old.weight[source]
                    new.bias[place] = old.bias[source]
        _set_last_layer(self.module, new.to(self.device))
        config = self.module.config
        config.id2label = dict(enumerate(labels))
        config.label2id = {name: place for place, name in enumerate(labels)}
        self.labels = tuple(labels)
        keep_limit(self.module)

    def set_size(self, side: int) -> None:
        size = dict(self._processor.size)
        if "shortest_edge" not in size:
            raise UserError(f"“{self.card.name}” looks at pictures of one size only.", "Leave the size as it is.")
        longest = round(int(size["longest_edge"]) * side / int(size["shortest_edge"]))
        self._processor.size = type(self._processor.size)(shortest_edge=side, longest_edge=longest)

    def seen_size(self, width: int, height: int) -> tuple[int, int]:
        size = dict(self._processor.size)
        if not size.get("shortest_edge"):
            return int(size.get("width") or width), int(size.get("height") or height)
        scale = min(int(size["shortest_edge"]) / min(width, height), int(size["longest_edge"]) / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def look(self, pictures: Sequence[torch.Tensor]) -> Seen:
        """One by one, so that no picture is filled up to another's size; the vectors of each, as [B, D, Q, 1]."""
        import torch

        vectors = []
        for picture in pictures:
            inputs = self._processor(
                images=[picture], return_tensors="pt", input_data_format="channels_first", do_rescale=False
            ).to(self.device)
            answer = self.eyes(**inputs).last_hidden_state
            # YOLOS' patches come before the vectors that stand for things.
            count = int(getattr(self.module.config, "num_detection_tokens", answer.shape[1]))
            vectors.append(answer[:, -count:].transpose(1, 2)[..., None])
        return Seen((torch.cat(vectors),), ((1, 1),) * len(pictures), (1, 1))

    def _answers(self, seen: Seen) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [B, Q, C + 1] and boxes [B, Q, 4]: centre and size as shares."""
        vectors = seen.features[0][..., 0].transpose(1, 2)
        return self.module.class_labels_classifier(vectors), self.module.bbox_predictor(vectors).sigmoid()

    def loss(self, seen: Seen, targets: Sequence[BoxTarget]) -> torch.Tensor:
        logits, boxes = self._answers(seen)
        config = self.module.config
        found: torch.Tensor = self.module.loss_function(
            logits, [_labels(t) for t in targets], self.device, boxes, config, None, None
        )[0]
        return found

    def losses(self, seen: Seen, targets: Sequence[BoxTarget]) -> list[float]:
        return [
            float(self.loss(Seen((seen.features[0][n : n + 1],), ((1, 1),), (1, 1)), [target]))
            for n, target in enumerate(targets)
        ]

    def found(self, seen: Seen, threshold: float) -> list[Detections]:
        logits, boxes = self._answers(seen)
        scores, labels = logits.softmax(-1)[..., :-1].max(-1)
        result = []
        for n in range(len(scores)):
            order = scores[n].argsort(descending=True)
            order = order[scores[n][order] >= threshold]
            centre, half = boxes[n][order][:, :2], boxes[n][order][:, 2:] / 2
            corners = self._joined(centre - half, centre + half)
            result.append(
                Detections(corners.cpu().numpy(), labels[n][order].cpu().numpy(), scores[n][order].cpu().numpy())
            )
        return result

    @staticmethod
    def _joined(low: torch.Tensor, high: torch.Tensor) -> torch.Tensor:
        import torch

        return torch.cat([low, high], 1)

    def stages(self) -> list[list[nn.Parameter]]:
        body = stage_parameters(self.eyes)
        inside = {id(p) for stage in body for p in stage}
        return [[p for p in self.module.parameters() if id(p) not in inside], *reversed(body)]


def _last_layer(part: Any) -> Any:
    """DETR sorts by one linear layer, YOLOS by a small network that ends with one."""
    return part.layers[-1] if hasattr(part, "layers") else part


def _set_last_layer(module: Any, layer: nn.Module) -> None:
    if hasattr(module.class_labels_classifier, "layers"):
        module.class_labels_classifier.layers[-1] = layer
    else:
        module.class_labels_classifier = layer


def _labels(target: BoxTarget) -> dict[str, torch.Tensor]:
    """As transformers wants the truth: boxes as centre and size, in shares."""
    import torch

    boxes = target.boxes
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    return {"class_labels": target.labels, "boxes": torch.cat([centre, size], 1)}
