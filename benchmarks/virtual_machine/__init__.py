"""Hearth over the real BlueZ and the kernel's virtual HCI, in a virtual machine: see docs/bluetooth.md."""
