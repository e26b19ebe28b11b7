"""Darknet's descriptions of the networks in the catalogue, written from their papers."""

from __future__ import annotations


def yolo_cfg(name: str, side: int = 96, width: float = 0.125) -> str:
    """The layers of the entry with this id; at `side` 416 and `width` 1 they are the published ones."""
    if name == "yolov4-tiny":
        return yolov4_tiny_cfg(side, width)
    return darknet_cfg("tiny" in name, side, width, pyramid="spp" in name)


def yolov4_tiny_cfg(side: int, width: float) -> str:
    """YOLOv4 tiny (arXiv 2011.08036): half of the channels goes past each stage."""
    lines = ["[net]", f"width={side}", f"height={side}", "channels=3"]

    def conv(filters: int, size: int, stride: int = 1) -> None:
        filters = max(4, int(filters * width))
        lines.extend(["[convolutional]", "batch_normalize=1", f"filters={filters}", f"size={size}", f"stride={stride}", "pad=1", "activation=leaky"])  # fmt: skip

    def route(layers: str, half: bool = False) -> None:
        lines.extend(["[route]", f"layers = {layers}", *(["groups=2", "group_id=1"] if half else [])])

    def yolo(mask: str) -> None:
        lines.extend(["[convolutional]", "size=1", "stride=1", "pad=1", "filters=255", "activation=linear", "[yolo]", f"mask = {mask}", "anchors = 10,14, 23,27, 37,58, 81,82, 135,169, 344,319", "classes=80", "scale_x_y = 1.05"])  # fmt: skip

    conv(32, 3, 2)
    conv(64, 3, 2)
    for filters in (64, 128, 256):
        conv(filters, 3)
        route("-1", half=True)
        conv(filters // 2, 3)
        conv(filters // 2, 3)
        route("-1,-2")
        conv(filters, 1)
        route("-6,-1")
        lines.extend(["[maxpool]", "size=2", "stride=2"])
    conv(512, 3)
    conv(256, 1)
    conv(512, 3)
    yolo("3,4,5")
    route("-4")
    conv(128, 1)
    lines.extend(["[upsample]", "stride=2"])
    route("-1, 23")
    conv(256, 3)
    yolo("1,2,3")
    return "\n".join(lines)


def darknet_cfg(tiny: bool, side: int = 96, width: float = 0.125, classes: int = 80, pyramid: bool = False) -> str:
    """YOLOv3's, its tiny form's and its pyramid form's layers (see `yolo_cfg`)."""
    lines = ["[net]", f"width={side}", f"height={side}", "channels=3"]

    def conv(filters: int, size: int, stride: int = 1, plain: bool = False) -> None:
        filters = filters if plain else max(4, int(filters * width))
        norm = [] if plain else ["batch_normalize=1"]
        lines.extend(["[convolutional]", *norm, f"filters={filters}", f"size={size}", f"stride={stride}", "pad=1", f"activation={'linear' if plain else 'leaky'}"])  # fmt: skip

    def yolo(mask: str) -> None:
        anchors = (
            "10,14, 23,27, 37,58, 81,82, 135,169, 344,319"
            if tiny
            else "10,13, 16,30, 33,23, 30,61, 62,45, 59,119, 116,90, 156,198, 373,326"
        )
        conv(3 * (classes + 5), 1, plain=True)
        lines.extend(["[yolo]", f"mask = {mask}", f"anchors = {anchors}", f"classes={classes}"])

    if tiny:
        for number, filters in enumerate((16, 32, 64, 128, 256, 512)):
            conv(filters, 3)
            lines.extend(["[maxpool]", "size=2", f"stride={2 if number < 5 else 1}"])
        conv(1024, 3)
        conv(256, 1)
        conv(512, 3)
        yolo("3,4,5")
        lines.extend(["[route]", "layers = -4"])
        conv(128, 1)
        lines.extend(["[upsample]", "stride=2", "[route]", "layers = -1, 8"])
        conv(256, 3)
        yolo("0,1,2")
        return "\n".join(lines)
    conv(32, 3)
    for filters, times in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        conv(filters, 3, 2)
        for _ in range(times):
            conv(filters // 2, 1)
            conv(filters, 3)
            lines.extend(["[shortcut]", "from=-3", "activation=linear"])
    for number, (mask, filters, back) in enumerate((("6,7,8", 512, 61), ("3,4,5", 256, 36), ("0,1,2", 128, 0))):
        for turn in range(3):
            conv(filters, 1)
            if pyramid and number == 0 and turn == 1:
                for size, looks in ((5, "-2"), (9, "-4"), (13, "-1,-3,-5,-6")):
                    lines.extend(["[maxpool]", "stride=1", f"size={size}", "[route]", f"layers={looks}"])
                conv(filters, 1)
            conv(filters * 2, 3)
        yolo(mask)
        if number < 2:
            lines.extend(["[route]", "layers = -4"])
            conv(filters // 2, 1)
            lines.extend(["[upsample]", "stride=2", "[route]", f"layers = -1, {back}"])
    return "\n".join(lines)
