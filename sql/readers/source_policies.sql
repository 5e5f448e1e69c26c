select metrics.secure_source(metrics.source_name());
