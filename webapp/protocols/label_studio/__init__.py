"""Label Studio's REST API under /label-studio/: scripts with `label_studio_sdk` run unchanged."""
