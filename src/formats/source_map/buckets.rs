//! Storage buckets, told by the host that serves them.

use super::address::is_below;

/// Domains of services, a label that a host must have besides, and what the path must start with.
struct Service {
    name: &'static str,
    domains: &'static [&'static str],
    /// What one of the labels before the domain must be, or start with where it ends in `-`. Empty: anything.
    labels: &'static [&'static str],
    path: &'static str,
}

const fn service(name: &'static str, domains: &'static [&'static str]) -> Service {
    Service { name, domains, labels: &[], path: "" }
}

const SERVICES: [Service; 32] = [
    service("Cloudflare R2", &["r2.dev", "r2.cloudflarestorage.com"]),
    Service {
        name: "Amazon S3",
        domains: &["amazonaws.com", "amazonaws.com.cn"],
        labels: &["s3", "s3-", "s3express-"],
        path: "",
    },
    service(
        "Google Cloud Storage",
        &["storage.googleapis.com", "commondatastorage.googleapis.com", "storage.cloud.google.com"],
    ),
    Service { name: "Google Cloud Storage", domains: &["www.googleapis.com"], labels: &[], path: "/storage/" },
    service("Firebase Storage", &["firebasestorage.googleapis.com", "firebasestorage.app"]),
    service(
        "Azure Storage",
        &[
            "blob.core.windows.net",
            "dfs.core.windows.net",
            "file.core.windows.net",
            "web.core.windows.net",
            "blob.core.usgovcloudapi.net",
            "blob.core.chinacloudapi.cn",
            "blob.storage.azure.net",
        ],
    ),
    service("DigitalOcean Spaces", &["digitaloceanspaces.com"]),
    service("Backblaze B2", &["backblazeb2.com"]),
    service("Wasabi", &["wasabisys.com"]),
    service("MinIO", &["min.io"]),
    Service { name: "Alibaba Cloud OSS", domains: &["aliyuncs.com"], labels: &["oss", "oss-"], path: "" },
    service("Tencent COS", &["myqcloud.com", "tencentcos.cn"]),
    Service { name: "Huawei Cloud OBS", domains: &["myhuaweicloud.com"], labels: &["obs"], path: "" },
    service("Baidu BOS", &["bcebos.com"]),
    service("Qiniu Kodo", &["qiniucs.com", "qiniudn.com", "qbox.me", "clouddn.com"]),
    Service { name: "Volcengine TOS", domains: &["volces.com"], labels: &["tos-"], path: "" },
    Service { name: "Supabase Storage", domains: &["supabase.co", "supabase.in"], labels: &[], path: "/storage/" },
    service("Vercel Blob", &["blob.vercel-storage.com"]),
    service("Linode Object Storage", &["linodeobjects.com"]),
    service("Yandex Object Storage", &["storage.yandexcloud.net"]),
    Service { name: "Scaleway Object Storage", domains: &["scw.cloud"], labels: &["s3"], path: "" },
    Service {
        name: "OVH Object Storage",
        domains: &["cloud.ovh.net", "cloud.ovh.us"],
        labels: &["s3", "storage"],
        path: "",
    },
    Service { name: "Oracle Object Storage", domains: &["oraclecloud.com"], labels: &["objectstorage"], path: "" },
    service("IBM Cloud Object Storage", &["cloud-object-storage.appdomain.cloud"]),
    service("Vultr Object Storage", &["vultrobjects.com"]),
    service("Hetzner Object Storage", &["your-objectstorage.com"]),
    Service { name: "Exoscale", domains: &["exo.io"], labels: &["sos-"], path: "" },
    service("Contabo Object Storage", &["contabostorage.com"]),
    service("Tigris", &["fly.storage.tigris.dev", "t3.storage.dev"]),
    service("Storj", &["storjshare.io"]),
    Service { name: "Filebase", domains: &["filebase.com"], labels: &["s3"], path: "" },
    service("Bunny Storage", &["storage.bunnycdn.com"]),
];

/// The service whose bucket `host` serves at `path`, both in lower case.
pub(super) fn bucket(host: &str, path: &str) -> Option<&'static str> {
    // People run MinIO themselves, at any domain.
    if host.split('.').any(|label| label == "minio") {
        return Some("MinIO");
    }
    SERVICES.iter().find(|service| service.serves(host, path)).map(|service| service.name)
}

impl Service {
    fn serves(&self, host: &str, path: &str) -> bool {
        let Some(domain) = self.domains.iter().find(|domain| is_below(host, domain)) else { return false };
        let labels = &host[..host.len() - domain.len()];
        let is = |label: &str, wanted: &str| label == wanted || wanted.ends_with('-') && label.starts_with(wanted);
        let labelled =
            self.labels.is_empty() || labels.split('.').any(|label| self.labels.iter().any(|wanted| is(label, wanted)));
        labelled && path.starts_with(self.path)
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::source_map::address::{Reach, address};

    #[test]
    fn buckets_are_known_in_every_style_of_address() {
        for (name, service) in [
            ("https://pub-0a1b.r2.dev/src.zip", "Cloudflare R2"),
            ("https://0a1b.r2.cloudflarestorage.com/b/x", "Cloudflare R2"),
            ("https://b.s3.eu-west-1.amazonaws.com/x", "Amazon S3"),
            ("https://b.s3.amazonaws.com/x", "Amazon S3"),
            ("https://s3.amazonaws.com/b/x", "Amazon S3"),
            ("https://s3-us-west-2.amazonaws.com/b/x", "Amazon S3"),
            ("https://b.s3-website-us-east-1.amazonaws.com/x", "Amazon S3"),
            ("https://b.s3.dualstack.us-east-1.amazonaws.com/x", "Amazon S3"),
            ("https://b.s3.cn-north-1.amazonaws.com.cn/x", "Amazon S3"),
            ("https://storage.googleapis.com/b/x", "Google Cloud Storage"),
            ("https://b.storage.googleapis.com/x", "Google Cloud Storage"),
            ("https://www.googleapis.com/storage/v1/b/b/o/x", "Google Cloud Storage"),
            ("https://firebasestorage.googleapis.com/v0/b/p.appspot.com/o/x", "Firebase Storage"),
            ("https://acct.blob.core.windows.net/c/x", "Azure Storage"),
            ("https://b.nyc3.cdn.digitaloceanspaces.com/x", "DigitalOcean Spaces"),
            ("https://f003.backblazeb2.com/file/b/x", "Backblaze B2"),
            ("https://s3.eu-central-1.wasabisys.com/b/x", "Wasabi"),
            ("http://minio:9000/b/x", "MinIO"),
            ("https://minio.example.com/b/x", "MinIO"),
            ("https://b.oss-cn-hangzhou.aliyuncs.com/x", "Alibaba Cloud OSS"),
            ("https://b-125.cos.ap-shanghai.myqcloud.com/x", "Tencent COS"),
            ("https://p.supabase.co/storage/v1/object/public/b/x", "Supabase Storage"),
            ("https://abc.public.blob.vercel-storage.com/x", "Vercel Blob"),
        ] {
            assert_eq!(address(name).map(|address| address.reach), Some(Reach::Bucket(service)), "{name}");
        }
        for name in [
            "https://ec2.amazonaws.com.example.org/x",
            "https://ec2.eu-west-1.amazonaws.com/x",
            "https://registry.cn-hangzhou.aliyuncs.com/x",
            "https://p.supabase.co/rest/v1/x",
            "https://notr2.dev/x",
            "https://www.googleapis.com/auth/x",
        ] {
            assert_eq!(address(name).map(|address| address.reach), Some(Reach::Public), "{name}");
        }
    }
}
